import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { askFor, callCases, renderCases, toolsOf, trickyText } from '../../src/formats/cases.contract.ts';
import { allFormats } from '../../src/formats/formats.ts';
import { type CompiledGrammar, compileGrammar } from '../../src/grammar/automaton.ts';
import { grammarFromSchema } from '../../src/grammar/from-schema.ts';
import {
  choice,
  free,
  freeAfterStart,
  type Grammar,
  type GrammarNode,
  repeat,
  sequence,
  set,
  special,
  text,
  words,
} from '../../src/grammar/grammar.ts';
import { printGbnf } from '../../src/grammar/print-gbnf.ts';
import { spanSources } from '../../src/grammar/span-sources.ts';
import type { JsonSchema } from '../../src/schema/json-schema.ts';
import { validate } from '../../src/schema/validate.ts';
import { type LlamaGrammars, openLlamaGrammars } from './llama-grammar.ts';
import { schemaCases } from './schema-cases.ts';

const seed = 20_261_121;
let llama: LlamaGrammars;
beforeAll(async () => {
  llama = await openLlamaGrammars();
});

/** What our automaton says of the tokens. */
function readOurs(compiled: CompiledGrammar, tokens: readonly number[]): { taken: number; mayEnd: boolean } {
  const cursor = compiled.start();
  let taken = 0;
  for (const token of tokens) {
    const spelling = llama.table.special(token);
    const isAccepted =
      spelling === undefined ? cursor.accept(llama.table.bytes(token)) : cursor.acceptSpecial(spelling);
    if (!isAccepted) return { taken, mayEnd: false };
    taken++;
  }
  return { taken, mayEnd: cursor.mayEnd() };
}

/** Both engines read each text, cut by the tokenizer and byte by byte; returns what both say of the whole texts. */
function readBoth(grammar: Grammar, texts: readonly string[]): boolean[] {
  const compiled = compileGrammar(grammar);
  const printed = printGbnf(grammar, llama.table.idOf);
  const theirs = llama.compile(printed.text);
  if (theirs === undefined) throw new RangeError(`llama.cpp refuses ${printed.text}`);
  const verdicts = texts.map((value) => {
    const rows = [llama.tokenize(value), llama.spell(value)];
    const [verdict] = rows.map((tokens) => {
      const ours = readOurs(compiled, tokens);
      expect({ value, ...theirs.read(tokens) }, printed.text).toEqual({ value, ...ours });
      return ours.mayEnd;
    });
    return verdict === true;
  });
  theirs.free();
  return verdicts;
}

/** Violations of keywords that the grammar claims to enforce; which branch of an `anyOf` failed is not told. */
function unexplained(schema: JsonSchema, json: string, relaxed: readonly string[]): ReturnType<typeof validate> {
  const excused = relaxed.length > 0 ? [...relaxed, 'anyOf'] : [];
  return validate(schema, JSON.parse(json)).filter(({ keyword }) => !excused.includes(keyword));
}

describe('llama.cpp reads what is printed as the automaton does', () => {
  it('for generated schemas, and both refuse what the validator refuses', () => {
    let refused = 0;
    const property = fc.property(schemaCases, ({ schema, valid, others }) => {
      const { node, rules, relaxed } = grammarFromSchema(schema, { rulePrefix: 's' });
      const [accepted, ...verdicts] = readBoth({ root: node, rules }, [valid, ...others]);
      expect(accepted, valid).toBe(true);
      verdicts.forEach((isAccepted, index) => {
        if (isAccepted) expect(unexplained(schema, others[index] ?? '', relaxed), others[index]).toEqual([]);
        else refused++;
      });
    });
    fc.assert(property, { seed, numRuns: 200 });
    expect(refused).toBeGreaterThan(400);
  });

  it('for properties in any order', () => {
    const properties = fc.uniqueArray(fc.constantFrom<string>('a', 'ab', 'b', 'c', 'd'), {
      minLength: 1,
      maxLength: 4,
    });
    const keys = fc.array(fc.constantFrom('a', 'ab', 'b', 'c', 'x'), { maxLength: 5 });
    const cases = fc.tuple(properties, fc.array(fc.boolean(), { minLength: 5 }), fc.boolean(), fc.array(keys));
    const property = fc.property(cases, ([names, demands, hasOthers, written]) => {
      const schema = {
        type: 'object',
        properties: Object.fromEntries(names.map((name) => [name, { type: 'boolean' }])),
        required: names.filter((_, index) => demands[index]),
        additionalProperties: hasOthers && { type: 'null' },
      };
      const { node, rules } = grammarFromSchema(schema, { rulePrefix: 's', anyOrder: true });
      const values = written.map((list) => list.map((key) => `"${key}":${names.includes(key) ? 'true' : 'null'}`));
      readBoth(
        { root: node, rules },
        values.map((members) => `{${members.join()}}`),
      );
    });
    fc.assert(property, { seed, numRuns: 100 });
  });

  it('for calls of every format', () => {
    const choices = fc.constantFrom<Parameters<typeof askFor>[1]>(
      ...([{}, { choice: { type: 'required' } }, { choice: { type: 'none' } }] as const),
      ...([{ parallel: false }, { promptEnd: 'reasoning' }, { output: { type: 'json_object' } }] as const),
    );
    const runs = fc
      .constantFrom(...allFormats)
      .chain((format) => fc.tuple(fc.constant(format), callCases(format), trickyText(format), choices, fc.nat()));
    const property = fc.property(runs, ([format, cases, before, changes, at]) => {
      const { grammar } = format.answer(askFor(toolsOf(cases), changes)).constraint;
      if (grammar === undefined) return;
      const whole = renderCases(format, before, cases)
        .map((part) => ('text' in part ? part.text : ''))
        .join('');
      const cut = at % (whole.length + 1);
      const texts = [whole, before, whole.slice(0, cut), `${whole.slice(0, cut)}"${whole.slice(cut)}`];
      // Letters that spell a special token are bound in llama.cpp, and it never writes U+0000.
      const fair = texts.map((each) => each.toWellFormed().replaceAll(/\0|<\|/g, ''));
      readBoth(grammar, fair);
    });
    fc.assert(property, { seed, numRuns: 200 });
  });

  const call = { opening: { text: 'abab!' }, then: sequence(text('('), repeat(set([0x30, 0x39]), 1), text(')')) };
  const longer = { opening: { text: 'ab' }, then: text('.') };
  const never = { opening: { text: 'bb' }, then: choice() };
  const odd = { opening: { text: 'é好' }, then: text('😀') };
  it.each<[string, GrammarNode]>([
    ['free text', free(call, odd)],
    ['an opening within another', free(call, longer)],
    ['a forbidden opening', free(odd, never)],
    ['an opening at the start only', freeAfterStart(call, odd, never)],
    ['text that counts as read', { ...free(call, odd), begun: 'xaba' } as never],
    [
      'free text inside other parts',
      sequence(text('a'), choice(free(call, never), words(['ab', 'abb', 'é'])), text('b')),
    ],
    ['free text that is repeated', sequence(free(call), repeat(sequence(text('!'), free(odd)), 0))],
  ])('for %s', (_, root) => {
    const part = fc.constantFrom('a', 'b', 'ab', 'abab!', '(1)', '.', 'é', 'é好', '好', '😀', ' ', '\n', '!', 'x');
    const texts = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(texts, { minLength: 8, maxLength: 8 }), (some) => void readBoth({ root, rules: {} }, some)),
      {
        seed,
        numRuns: 20,
      },
    );
  });

  it('for stretches of a text', () => {
    const source = 'Meet Zoë at "北京大学" on 5th Ave., or don\'t!';
    const root = sequence(text('"'), { kind: 'span', sources: spanSources([source], 'json') } as const, text('"'));
    const stretch = fc.tuple(fc.nat(source.length), fc.nat(source.length)).map(([from, to]) => source.slice(from, to));
    const quoted = fc.array(
      stretch.map((each) => JSON.stringify(each)),
      { minLength: 8, maxLength: 8 },
    );
    fc.assert(
      fc.property(quoted, (texts) => void readBoth({ root, rules: {} }, texts)),
      { seed, numRuns: 40 },
    );
  });

  it('for long repetitions, to the last', () => {
    for (const [min, max] of [
      [0, 999],
      [1000, 1000],
      [3, 2500],
      [2001, 3999],
      [1500, undefined],
      [0, 4000],
    ] as const) {
      const root = repeat(text('ab'), min, max);
      const counts = [0, 1, min - 1, min, min + 1, (max ?? 5000) - 1, max ?? 5000, (max ?? 5000) + 1, 1000, 2000];
      readBoth(
        { root, rules: {} },
        counts.filter((count) => count >= 0).map((count) => 'ab'.repeat(count)),
      );
    }
  });

  it('for special tokens, which letters do not replace', () => {
    const id = llama.table.idOf('<|tools|>') ?? -1;
    const root = sequence(text('a'), special('<|tools|>'), choice(special('<tool>'), text('b')));
    const printed = printGbnf({ root, rules: {} }, llama.table.idOf);
    expect(printed).toEqual({ text: `root ::= "a" <[${id}]> "b"\n`, relaxed: [] });
    const theirs = llama.compile(printed.text);
    expect(theirs?.read([...llama.spell('a'), id, ...llama.spell('b')])).toEqual({ taken: 3, mayEnd: true });
    expect(theirs?.read(llama.spell('a<|tools|>b'))).toEqual({ taken: 1, mayEnd: false });
  });
});
