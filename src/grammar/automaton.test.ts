import { describe, expect, it } from 'vitest';
import { type Cursor, compileGrammar } from './automaton.ts';
import {
  choice,
  free,
  type GrammarNode,
  notSet,
  optional,
  repeat,
  rule,
  sequence,
  set,
  special,
  text,
  words,
} from './grammar.ts';
import type { Vocabulary } from './vocabulary.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytes = (value: string): Uint8Array => encoder.encode(value);

function start(root: GrammarNode, rules: Record<string, GrammarNode> = {}): Cursor {
  return compileGrammar({ root, rules }).start();
}

/** Is this text, taken byte by byte, a whole answer? */
function matches(root: GrammarNode, value: string, rules: Record<string, GrammarNode> = {}): boolean {
  const cursor = start(root, rules);
  return [...bytes(value)].every((byte) => cursor.accept(Uint8Array.of(byte))) && cursor.mayEnd();
}

function vocabulary(tokens: readonly string[], specials: readonly string[] = []): Vocabulary {
  const all = [...tokens, ...specials];
  return {
    size: all.length,
    bytes: (id) => (id < tokens.length ? bytes(all[id] ?? '') : new Uint8Array()),
    special: (id) => (id < tokens.length ? undefined : all[id]),
  };
}

function allowedTokens(cursor: Cursor, tokens: readonly string[], specials: readonly string[] = []): string[] {
  const mask = cursor.allowed(vocabulary(tokens, specials));
  return [...tokens, ...specials].filter((_, id) => (((mask[id >> 5] ?? 0) >> (id & 31)) & 1) === 1);
}

describe('nodes', () => {
  it('text is exactly its bytes', () => {
    expect(matches(text('héllo'), 'héllo')).toBe(true);
    expect(matches(text('héllo'), 'héll')).toBe(false);
    expect(matches(text('a'), 'aa')).toBe(false);
    expect(matches(text(''), '')).toBe(true);
  });

  it('a set is one code point of its ranges, at all lengths of UTF-8', () => {
    const node = set([0x61, 0x7a], [0x7ff, 0x801], [0xd000, 0xffff], [0x1f600, 0x1f64f]);
    for (const good of ['a', 'z', '\u07ff', '\u0800', '\u0801', '\ud000', '\ue000', '\uffff', '😀', '🙏'])
      expect(matches(node, good), good).toBe(true);
    for (const bad of ['A', '{', '\u07fe', '\u0802', '🚀', '']) expect(matches(node, bad), bad).toBe(false);
  });

  it('a set takes no surrogates, overlong forms or numbers beyond Unicode', () => {
    const any = (...list: number[]): boolean => start(notSet()).accept(Uint8Array.from(list));
    expect(any(0xed, 0xa0, 0x80)).toBe(false);
    expect(any(0xed, 0x9f, 0xbf)).toBe(true);
    expect(any(0xc0, 0x80)).toBe(false);
    expect(any(0xe0, 0x9f, 0xbf)).toBe(false);
    expect(any(0xf0, 0x8f, 0xbf, 0xbf)).toBe(false);
    expect(any(0xf4, 0x90, 0x80, 0x80)).toBe(false);
    expect(any(0xf4, 0x8f, 0xbf, 0xbf)).toBe(true);
    expect(any(0x80)).toBe(false);
  });

  it('words are any of the list, also where one begins another', () => {
    const node = sequence(words(['in', 'inch', 'foot']), text('!'));
    expect(['in!', 'inch!', 'foot!', 'inc!', '!'].map((value) => matches(node, value))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(matches(words(['', 'a']), '')).toBe(true);
  });

  it('a span is a stretch from a start to an end, of one source', () => {
    const node: GrammarNode = {
      kind: 'span',
      sources: [
        { units: ['a', 'b', '\\n', 'b', 'c'], starts: [0, 3], ends: [1, 4] },
        { units: ['x'], starts: [0], ends: [0] },
      ],
    };
    for (const good of ['ab', 'ab\\nbc', 'bc', 'x']) expect(matches(node, good), good).toBe(true);
    for (const bad of ['a', 'ab\\n', 'b', 'abx', 'bcx', '']) expect(matches(node, bad), bad).toBe(false);
    expect(() => start({ kind: 'span', sources: [] })).toThrow('empty');
  });

  it('repeat counts without growing', () => {
    const node = repeat(set([0x61, 0x62]), 2, 2000);
    expect(matches(node, 'a')).toBe(false);
    expect(matches(node, 'ab'.repeat(1000))).toBe(true);
    expect(matches(node, `${'ab'.repeat(1000)}a`)).toBe(false);
    expect(matches(repeat(text('ab'), 1), 'ababab')).toBe(true);
    expect(matches(repeat(text('ab'), 0, 0), '')).toBe(true);
    expect(matches(repeat(text('ab'), 3, 1e12), 'ab')).toBe(false);
  });

  it('a repeat of what may be empty ends', () => {
    const maybe = choice(text('a'), text(''), optional(text('b')));
    for (const node of [repeat(maybe, 0), repeat(maybe, 5), repeat(repeat(maybe, 0), 3, 1e9)]) {
      expect(matches(node, '')).toBe(true);
      expect(matches(node, 'abba')).toBe(true);
    }
    expect(matches(repeat(maybe, 2, 3), 'aaa')).toBe(true);
    expect(matches(repeat(maybe, 2, 3), 'aaaa')).toBe(false);
  });

  it('rules recurse', () => {
    const rules = { list: sequence(text('['), repeat(rule('list'), 0), text(']')) };
    expect(matches(rule('list'), '[[][[]]]', rules)).toBe(true);
    expect(matches(rule('list'), '[[]', rules)).toBe(false);
    expect(matches(rule('list'), '['.repeat(10_000) + ']'.repeat(10_000), rules)).toBe(true);
  });

  it('special tokens are not their spelling', () => {
    const node = sequence(text('a'), special('<|end|>'));
    const cursor = start(node);
    expect(cursor.acceptSpecial('<|end|>')).toBe(false);
    expect(cursor.accept(bytes('a<'))).toBe(false);
    expect(cursor.accept(bytes('a'))).toBe(true);
    expect(cursor.acceptSpecial('<|other|>')).toBe(false);
    expect(cursor.acceptSpecial('<|end|>')).toBe(true);
    expect(cursor.mustEnd()).toBe(true);
  });
});

describe('free text', () => {
  const node = free(
    { opening: { text: '<call>' }, then: text('1') },
    { opening: { text: '<<call>' }, then: text('2') },
    { opening: { special: '<|call|>' }, then: text('3') },
  );

  it('is any text without an opening, and may end anywhere', () => {
    for (const good of ['', 'hello', '<cal', '<c<ca<call', '好']) expect(matches(node, good), good).toBe(true);
  });

  it('is followed by what its opening demands', () => {
    expect(matches(node, 'hi <call>1')).toBe(true);
    expect(matches(node, 'hi <call>')).toBe(false);
    expect(matches(node, 'hi <call>1 ')).toBe(false);
    expect(matches(node, '<c<call>1')).toBe(true);
  });

  it('prefers the longer of two openings that end together', () => {
    expect(matches(node, '<<call>2')).toBe(true);
    expect(matches(node, '<<call>1')).toBe(false);
  });

  it('takes only its own special tokens', () => {
    const cursor = start(node);
    cursor.accept(bytes('hi '));
    expect(cursor.acceptSpecial('<|end|>')).toBe(false);
    expect(cursor.acceptSpecial('<|call|>')).toBe(true);
    expect(cursor.mayEnd()).toBe(false);
    expect(cursor.accept(bytes('3'))).toBe(true);
  });

  it('goes round in a loop', () => {
    const rules = { turn: free({ opening: { text: '<a>' }, then: sequence(text('x</a>'), rule('turn')) }) };
    expect(matches(rule('turn'), 'p<a>x</a>q<a>x</a>', rules)).toBe(true);
    expect(matches(rule('turn'), 'p<a>y</a>', rules)).toBe(false);
  });
});

describe('tokens', () => {
  it('allows what fits, in whole tokens and in parts of a code point', () => {
    const tokens = ['a', 'ab', 'abc', 'b', 'c', 'bc', ''];
    expect(allowedTokens(start(text('abc')), tokens)).toEqual(['a', 'ab', 'abc']);
    const split: Vocabulary = { size: 64, bytes: (id) => Uint8Array.of(0x80 + id), special: () => undefined };
    const cursor = start(set([0xe9, 0xe9]));
    expect(cursor.accept(Uint8Array.of(0xc3))).toBe(true);
    const mask = cursor.allowed(split);
    expect([...mask]).toEqual([0, 0].map((_, word) => (word === 0x29 >> 5 ? 1 << (0x29 & 31) : 0)));
  });

  it('allows exactly what is accepted, however much of a bounded string is left', () => {
    const pieces = ['a', 'bc', 'é', '漢字', '😀', '"', '\\', '\n', ' '];
    const longer = pieces.flatMap((first) => pieces.map((second) => first + second + first));
    const tokens = [...pieces, ...longer, ...longer.map((each) => each.repeat(4)), 'x'.repeat(24), 'x'.repeat(25)];
    const letter = notSet([0, 0x1f], [0x22, 0x22], [0x5c, 0x5c]);
    const node = sequence(text('"'), repeat(letter, 2, 30), choice(text('"'), text('a"'), text('\n')));
    const cursor = start(node);
    for (let left = cursor.accept(bytes('"')) ? 30 : -1; left >= 0; left--) {
      const accepted = tokens.filter((token) => cursor.clone().accept(bytes(token)));
      expect(allowedTokens(cursor, tokens), `${left} left`).toEqual(accepted);
      cursor.accept(bytes('é'));
    }
  });

  it('allows special tokens by their name, not by their spelling', () => {
    const node = choice(special('<x>'), text('<y>'));
    expect(allowedTokens(start(node), ['<', '<x>', '<y>'], ['<x>', '<y>'])).toEqual(['<', '<y>', '<x>']);
  });

  it('leaves the cursor where it was when bytes are refused', () => {
    const cursor = start(text('abc'));
    expect(cursor.accept(bytes('abx'))).toBe(false);
    expect(cursor.accept(bytes('abc'))).toBe(true);
  });

  it('clones are independent', () => {
    const cursor = start(text('ab'));
    const other = cursor.clone();
    cursor.accept(bytes('ab'));
    expect(other.mayEnd()).toBe(false);
    expect(other.accept(bytes('ab'))).toBe(true);
  });
});

describe('forced', () => {
  const forced = (node: GrammarNode): string => decoder.decode(start(node).forced());

  it('is the only possible continuation', () => {
    expect(forced(sequence(text('{"city":'), choice(text(' "a"'), text('"b"'))))).toBe('{"city":');
    expect(forced(words(['north', 'northern']))).toBe('north');
    expect(forced(optional(text('a')))).toBe('');
    expect(forced(sequence(text('a'), special('<x>'), text('b')))).toBe('a');
    expect(forced(choice(text('ab'), sequence(text('a'), set([0x62, 0x62]), text('c'))))).toBe('ab');
  });

  it('is bounded', () => {
    const rules = { loop: sequence(text('abc'), rule('loop'), text('d')), root: text('') };
    expect(forced(repeat(text('a'), 100_000))).toHaveLength(4096);
    expect(() => start(rule('loop'), rules)).toThrow('empty');
  });
});

describe('limits', () => {
  it('refuses left recursion', () => {
    expect(() => start(rule('a'), { a: choice(sequence(rule('a'), text('x')), text('x')) })).toThrow('left-recursive');
    const hidden = {
      a: sequence(optional(text('y')), rule('b')),
      b: choice(sequence(rule('a'), text('x')), text('x')),
    };
    expect(() => start(rule('a'), hidden)).toThrow('left-recursive');
  });

  it('lets a rule be another name of itself', () => {
    expect(matches(rule('a'), 'x', { a: choice(rule('a'), text('x')) })).toBe(true);
  });

  it('drops alternatives that can never be finished', () => {
    const node = choice(sequence(text('dead'), choice()), text('alive'));
    expect(decoder.decode(start(node).forced())).toBe('alive');
  });

  it('reads long chains of rules without recursion', () => {
    const rules: Record<string, GrammarNode> = { r10000: text('x') };
    for (let index = 0; index < 10_000; index++) rules[`r${index}`] = rule(`r${index + 1}`);
    expect(matches(rule('r0'), 'x', rules)).toBe(true);
  });

  it('names the limit that was hit', () => {
    const items = Array.from({ length: 300_001 }, (_, index) => text(String(index)));
    const many: GrammarNode = { kind: 'choice', items };
    expect(() => start(many)).toThrow('300000');
    expect(() => start(text('x'.repeat(4_000_001)))).toThrow('4000000');
  });

  it('stays right when its states are given up in the middle', () => {
    const list = repeat(set([0x61, 0x7a]), 0, 40_000);
    const cursor = start(sequence(list, text('!')));
    for (let round = 0; round < 40; round++) expect(cursor.accept(bytes('abcdefghij'.repeat(100)))).toBe(true);
    expect(cursor.accept(bytes('a'))).toBe(false);
    expect(cursor.accept(bytes('!'))).toBe(true);
  });
});
