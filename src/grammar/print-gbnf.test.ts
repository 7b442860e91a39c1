import { describe, expect, it } from 'vitest';
import { grammarFromSchema } from './from-schema.ts';
import {
  choice,
  free,
  freeAfterStart,
  type GrammarNode,
  repeat,
  rule,
  sequence,
  set,
  special,
  text,
  words,
} from './grammar.ts';
import { printGbnf, type SpecialTokens } from './print-gbnf.ts';
import { spanSources } from './span-sources.ts';

const lines = (root: GrammarNode, rules: Record<string, GrammarNode> = {}, specials?: SpecialTokens): string[] =>
  printGbnf({ root, rules }, specials).text.trimEnd().split('\n');

describe('printed grammars', () => {
  it('spell what has a meaning in GBNF', () => {
    expect(lines(text('a"\\\n\t\u0007é\u00a0😀\u{e0001}'))).toEqual([
      'root ::= "a\\"\\\\\\n\\t\\u0007é\\u00A0😀\\U000E0001"',
    ]);
    expect(lines(set([0x61, 0x7a], [0x2d, 0x2d], [0x5b, 0x5e], [0x4e2d, 0x4e2e]))).toEqual([
      'root ::= [\\u002D\\u005B-\\u005Ea-z\\u4E2D\\u4E2E]',
    ]);
  });

  it('name what may not stand only where it is ASCII', () => {
    expect(lines({ kind: 'set', ranges: [[0xe9, 0xea]], negated: true })).toEqual([
      'root ::= [\\u0000-\\u00E8\\u00EB-\\uD7FF\\uE000-\\U0010FFFF]',
    ]);
    expect(lines({ kind: 'set', ranges: [[0x22, 0x22]], negated: true })).toEqual(['root ::= [^"]']);
  });

  it('keep the precedence of choices', () => {
    const ab = choice(text('a'), choice(text('b'), sequence(text('c'), text('d'))));
    expect(lines(sequence(ab, choice(ab), text('e')))).toEqual([
      'root ::= ("a" | "b" | "c" "d") root-part "e"',
      'root-part ::= "a" | root-part-2',
      'root-part-2 ::= "b" | root-part-3',
      'root-part-3 ::= "c" "d"',
    ]);
  });

  it('give each rule a name that llama.cpp takes, `root` being ours', () => {
    expect(
      lines(sequence(rule('root'), rule('a_b'), rule('a.b'), rule('7')), {
        root: text('1'),
        a_b: text('2'),
        'a.b': text('3'),
        '7': text('4'),
      }),
    ).toEqual(['root ::= root-2 a-b a-b-2 rule', 'root-2 ::= "1"', 'a-b ::= "2"', 'a-b-2 ::= "3"', 'rule ::= "4"']);
  });

  it('make a trie of words', () => {
    expect(lines(words(['north', 'northern', 'nord', 'süd', 'n']))).toEqual([
      'root ::= "n" root-words | "süd"',
      'root-words ::= "or" root-words-2 | ""',
      'root-words-2 ::= "th" root-words-3 | "d"',
      'root-words-3 ::= "" | "ern"',
    ]);
  });

  it('leave out what can never be written, and repeat rules instead of groups', () => {
    const dead = sequence(text('a'), special('<none>'), text('b'));
    const item = sequence(text(','), text('x'));
    expect(lines(sequence(choice(dead, text('c')), repeat(item, 2, 5), repeat(dead, 0)), {}, () => undefined)).toEqual([
      'root ::= "c" root-part{2,5}',
      'root-part ::= "," "x"',
    ]);
    expect(() => printGbnf({ root: dead, rules: {} }, () => undefined)).toThrow(
      expect.objectContaining({ code: 'invalid_schema' }),
    );
  });

  it('search for openings, one rule a state, and forbid those that lead nowhere', () => {
    const openings = [
      { opening: { text: '<a>' }, then: text('!') },
      { opening: { text: '<b' }, then: choice() },
    ];
    expect(lines(free(...openings))).toEqual([
      'root ::= root-free',
      'root-free ::= [<] root-free-2 | [^<] root-free | ""',
      'root-free-2 ::= [<] root-free-2 | [a] root-free-3 | [^<ab] root-free | ""',
      'root-free-3 ::= [<] root-free-2 | [>] "!" | [^<>] root-free | ""',
    ]);
    expect(lines(freeAfterStart({ opening: { text: 'a' }, then: sequence() }))).toEqual([
      'root ::= root-free',
      'root-free ::= [\\u0009\\u000A\\u000D\\u0020] root-free | [a] | [^\\u0009\\u000A\\u000D\\u0020a] root-free-2 | ""',
      'root-free-2 ::= [^\\u0000]*',
    ]);
  });
});

describe('what is not printed exactly is said', () => {
  const ids = (token: string): number | undefined => (token === '<call>' ? 7 : undefined);
  const opening = { opening: { special: '<call>' }, then: text('x') };

  it('special tokens by id where the vocabulary is known, else by their letters', () => {
    const root = sequence(special('<call>'), text('a'));
    expect(printGbnf({ root, rules: {} }, ids)).toEqual({ text: 'root ::= <[7]> "a"\n', relaxed: [] });
    expect(printGbnf({ root, rules: {} })).toEqual({ text: 'root ::= "<call>" "a"\n', relaxed: ['special'] });
    expect(printGbnf({ root: free(opening), rules: {} }, ids).relaxed).toEqual(['special']);
    expect(printGbnf({ root: free(opening), rules: {} }, () => undefined).relaxed).toEqual([]);
  });

  it('stretches of long texts by their letters', () => {
    const span = (source: string): GrammarNode => ({ kind: 'span', sources: spanSources([source], 'json') });
    expect(printGbnf({ root: span('a b'), rules: {} })).toEqual({
      text: 'root ::= root-span\nroot-span ::= "a" root-span-2 | "b"\nroot-span-2 ::= " " root-span-3 | ""\nroot-span-3 ::= "b"\n',
      relaxed: [],
    });
    expect(printGbnf({ root: span('ab "'.repeat(2000)), rules: {} })).toEqual({
      text: 'root ::= root-unit+\nroot-unit ::= "a" | "b" | " " | "\\\\\\""\n',
      relaxed: ['span'],
    });
  });

  it('in time and text that grow with the grammar', () => {
    const properties = Object.fromEntries(
      Array.from({ length: 2000 }, (_, index) => [`key_${index}`, { type: 'string' }]),
    );
    const { node, rules } = grammarFromSchema({ type: 'object', properties }, { rulePrefix: 'a' });
    expect(printGbnf({ root: node, rules }).text.length).toBeLessThan(500_000);
    let deep: GrammarNode = text('x');
    for (let level = 0; level < 20_000; level++) deep = sequence(text('('), deep, text(')'));
    expect(printGbnf({ root: deep, rules: {} }).text.length).toBeLessThan(2_000_000);
    let shared: GrammarNode = set([0x61, 0x7a]);
    for (let level = 0; level < 60; level++) shared = sequence(shared, text('-'), shared);
    expect(printGbnf({ root: shared, rules: {} }).text.length).toBeLessThan(10_000);
  });
});
