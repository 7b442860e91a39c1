/** What a notation's renderer writes its grammar accepts, and what the grammar accepts its reader reads as it is meant. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../base/json.ts';
import { promptText } from '../../chat/prompt.ts';
import { argumentsGrammar } from '../../grammar/arguments-grammar.ts';
import { compileGrammar } from '../../grammar/automaton.ts';
import type { Notation, TaggedNotation } from '../../grammar/notation.ts';
import type { SchemaObject } from '../../schema/json-schema.ts';
import { validate } from '../../schema/validate.ts';
import { walkGrammar } from '../walk.contract.ts';
import { carries } from './carries.ts';
import { readAnswer } from './feed.contract.ts';
import { renderNotation } from './notations.ts';

const encoder = new TextEncoder();
const seed = 20_260_103;

/** A schema together with values that are valid against it, properties in the schema's order. */
interface Pair {
  readonly schema: SchemaObject;
  readonly value: fc.Arbitrary<Json>;
}

const shortText = fc
  .array(fc.constantFrom('a', 'b', ' ', '"', "'", '\\', '\n', '1', '好', '😀', '{', '}', ',', '<', '>', '&', '/'), {
    maxLength: 5,
  })
  .map((list) => list.join(''));
const literals = ['one', 'two<', 'it\'s "so"', 3, null, true, 1.5, '7'] as const;

const scalarPair: fc.Arbitrary<Pair> = fc.constantFrom<Pair>(
  { schema: { type: 'string' }, value: shortText },
  { schema: { type: 'string', minLength: 1, maxLength: 3 }, value: fc.constantFrom('a', '"\'', '好😀<') },
  { schema: { type: 'integer' }, value: fc.integer() },
  { schema: { type: 'integer', minimum: 0, maximum: 50 }, value: fc.nat(50) },
  { schema: { type: 'number' }, value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0) },
  { schema: { type: 'boolean' }, value: fc.boolean() },
  { schema: { type: ['string', 'null'] }, value: fc.option(shortText) },
  { schema: { type: ['integer', 'boolean'] }, value: fc.oneof(fc.integer(), fc.boolean()) },
  { schema: { enum: [...literals] }, value: fc.constantFrom(...literals) },
  { schema: { anyOf: [{ const: 'auto' }, { type: 'integer' }] }, value: fc.oneof(fc.constant('auto'), fc.integer()) },
  { schema: { anyOf: [{ type: 'string' }, { type: 'integer' }] }, value: fc.oneof(shortText, fc.integer()) },
  { schema: { type: 'string', pattern: '^[ab]+$' }, value: fc.stringMatching(/^[ab]+$/) },
  { schema: { type: 'string', format: 'date' }, value: fc.constantFrom('2024-02-29', '1999-12-31') },
  { schema: {}, value: fc.oneof(shortText, fc.integer(), fc.constant(null)) },
);

const pairs = fc.letrec<{ pair: Pair }>((tie) => ({
  pair: fc.oneof({ depthSize: 'small' }, scalarPair, scalarPair, objectPair(tie('pair')), arrayPair(tie('pair'))),
})).pair;

function objectPair(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  const name = fc.constantFrom('a', 'ab', 'city', 'item', 'x.y-z', '_', 'b1', 'größe');
  const part = fc.record({ name, pair: inner, isRequired: fc.boolean() });
  return fc.uniqueArray(part, { selector: (each) => each.name, maxLength: 4, minLength: 1 }).map((parts): Pair => {
    const members = parts.map(({ name: key, pair, isRequired }) =>
      fc.tuple(fc.constant(key), isRequired ? fc.constant(true) : fc.boolean(), pair.value),
    );
    return {
      schema: {
        type: 'object',
        properties: Object.fromEntries(parts.map((each) => [each.name, each.pair.schema])),
        required: parts.filter((each) => each.isRequired).map((each) => each.name),
      },
      value: fc
        .tuple(...members)
        .map(
          (list): Json =>
            Object.fromEntries(list.filter(([, isThere]) => isThere).map(([key, , value]) => [key, value])),
        ),
    };
  });
}

function arrayPair(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  return inner.map(
    (item): Pair => ({ schema: { type: 'array', items: item.schema }, value: fc.array(item.value, { maxLength: 3 }) }),
  );
}

const tagged = (details: Partial<TaggedNotation>): TaggedNotation => ({
  kind: 'tagged',
  open: '<parameter=',
  middle: '>',
  close: '</parameter>',
  separator: '\n',
  pad: '',
  escapes: 'none',
  spacing: 'spaced',
  ...details,
});
const dsml = { open: '<｜DSML｜parameter name="', middle: '">', close: '</｜DSML｜parameter>' };
const kimi = { open: '<|open|>argument key="', middle: '"<|sep|>', close: '<|close|>argument<|sep|>', separator: '' };
const nested = { kind: 'nested', start: ['<', '>'], end: ['</', '>'], separator: '\n', escapes: 'none' } as const;

const notations: readonly (readonly [string, Notation, fence: string])[] = [
  ['JSON', { kind: 'json', spacing: 'spaced' }, ''],
  ['Python', { kind: 'python', quote: '"' }, ')'],
  ['Python in single quotes', { kind: 'python', quote: "'" }, ')'],
  ['bare', { kind: 'bare', mark: '<|"|>', marked: 'strings' }, '<tool_call|>'],
  ['bare with all scalars marked', { kind: 'bare', mark: '<escape>', marked: 'scalars' }, '<end_function_call>'],
  ['Qwen', tagged({ pad: '\n' }), '\n</function>'],
  ['GLM', tagged({ open: '<arg_key>', middle: '</arg_key>\n<arg_value>', close: '</arg_value>' }), '\n</tool_call>'],
  ['DSML', tagged({ ...dsml, type: { open: '" string="', words: 'flag' } }), '\n</｜DSML｜invoke>'],
  ['Kimi', tagged({ ...kimi, type: { open: '" type="', words: 'type' } }), '<|close|>call<|sep|>'],
  ['XML', tagged({ open: '<param name="', middle: '">', close: '</param>', escapes: 'xml' }), '</function>'],
  ['repeated tags', nested, '\n</call>'],
  [
    'items',
    { ...nested, start: [']<]minimax[>[<', '>'], end: [']<]minimax[>[</', '>'], item: 'item', separator: '' },
    ']<]minimax[>[</invoke>',
  ],
  ['items in XML', { ...nested, item: 'item', escapes: 'xml' }, '</call>'],
];

const calls = objectPair(pairs).chain(({ schema, value }) =>
  fc.tuple(fc.constant(schema), fc.array(value, { minLength: 1, maxLength: 3 })),
);

describe.each(notations)('%s', (_, notation, fence) => {
  it('is rendered as the grammar has it', () => {
    let carried = 0;
    fc.assert(
      fc.property(calls, ([schema, values]) => {
        const { node, rules } = argumentsGrammar(schema, notation, { rulePrefix: 't' });
        const compiled = compileGrammar({ root: node, rules });
        for (const value of values) {
          const json = JSON.stringify(value);
          if (!carries(notation, json, schema)) continue;
          carried++;
          const text = promptText(renderNotation(json, notation, schema));
          const cursor = compiled.start();
          const isTaken = cursor.accept(encoder.encode(text)) && cursor.mayEnd();
          expect(isTaken, `${JSON.stringify(schema)}\n${json}\n${text}`).toBe(true);
        }
      }),
      { seed, numRuns: 40 },
    );
    expect(carried).toBeGreaterThan(20);
  });

  it('is read as the grammar means it', () => {
    let finished = 0;
    fc.assert(
      fc.property(calls, fc.infiniteStream(fc.nat(100_000)), ([schema], choices) => {
        const { node, rules, relaxed } = argumentsGrammar(schema, notation, { rulePrefix: 't' });
        const { pieces, isWhole } = walkGrammar({ root: node, rules }, choices);
        if (!isWhole) return;
        finished++;
        const text = pieces.map((piece) => piece.text + (piece.special ?? '')).join('');
        const specials = pieces.flatMap((piece) => piece.special ?? []);
        const place = { schema, fences: fence === '' ? [] : [fence] };
        const reading = readAnswer(notation, place, { text: text + fence, specials });
        const said = `${JSON.stringify(schema)}\n${text}\n${reading.json}`;
        expect(reading.end, said).toBe('whole');
        const violations = validate(schema, JSON.parse(reading.json)).filter(
          ({ keyword }) => !relaxed.includes(keyword),
        );
        expect(violations, said).toEqual([]);
      }),
      { seed, numRuns: 30 },
    );
    expect(finished).toBeGreaterThan(8);
  });
});
