import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../base/json.ts';
import type { JsonSchema, SchemaObject } from '../schema/json-schema.ts';
import { validate } from '../schema/validate.ts';
import { type CompiledGrammar, type Cursor, compileGrammar } from './automaton.ts';
import { grammarFromSchema, type SchemaGrammar } from './from-schema.ts';
import type { Vocabulary } from './vocabulary.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const seed = 20_260_101;

/** A schema together with values that are valid against it, properties in the schema's order. */
interface Pair {
  readonly schema: SchemaObject;
  readonly value: fc.Arbitrary<Json>;
}

const character = fc.oneof(
  fc.constantFrom('a', 'b', '"', '\\', '\n', 'é', '好', '😀', '\u0001', '}', ','),
  fc.string({ maxLength: 1 }),
);
const shortText = fc.array(character, { maxLength: 5 }).map((list) => list.join('').toWellFormed());
const name = fc.oneof(fc.constantFrom('a', 'ab', 'city', 'b"c', 'é', '__proto__', 'a\\'), shortText);
const scalar: fc.Arbitrary<Json> = fc.oneof(
  shortText,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const anyJson: fc.Arbitrary<Json> = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(shortText, scalar, { maxKeys: 2, noNullPrototype: true }),
);

const integerPair = fc
  .tuple(fc.option(fc.integer({ min: -2000, max: 2000 })), fc.option(fc.nat(3000)))
  .map(([low, width]): Pair => {
    const schema: Record<string, Json> = { type: 'integer' };
    const min = low ?? -1e15;
    const max = width === null ? 1e15 : min + width;
    if (low !== null) schema['minimum'] = low;
    if (width !== null) schema['exclusiveMaximum'] = max + 1;
    return { schema, value: fc.maxSafeInteger().map((n) => min + (Math.abs(n) % (max - min + 1)) + 0) };
  });

const textPair = fc.tuple(fc.nat(4), fc.option(fc.nat(4))).map(([min, more]): Pair => {
  const max = more === null ? min + 20 : min + more;
  const schema = { type: 'string', minLength: min, ...(more !== null && { maxLength: max }) };
  const point = fc.oneof(
    fc.constantFrom('a', '"', '\\', '\n', '好', '😀'),
    fc.nat(0xd7ff).map((code) => String.fromCodePoint(code)),
  );
  return { schema, value: fc.array(point, { minLength: min, maxLength: max }).map((list) => list.join('')) };
});

const simplePair: fc.Arbitrary<Pair> = fc.oneof(
  integerPair,
  textPair,
  fc.constant<Pair>({
    schema: { type: 'number' },
    value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
  }),
  fc.constant<Pair>({ schema: { type: 'boolean' }, value: fc.boolean() }),
  fc.constant<Pair>({ schema: { type: ['string', 'null'] }, value: fc.option(shortText) }),
  fc.constant<Pair>({ schema: {}, value: anyJson }),
  fc.constant<Pair>({
    schema: { type: 'string', format: 'date-time' },
    value: fc
      .date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString()),
  }),
  fc
    .array(anyJson, { minLength: 1, maxLength: 4 })
    .map((list): Pair => ({ schema: { enum: list }, value: fc.constantFrom(...list) })),
  anyJson.map((value): Pair => ({ schema: { const: value }, value: fc.constant(value) })),
);

const pairs = fc.letrec<{ pair: Pair }>((tie) => ({
  pair: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    simplePair,
    objectPair(tie('pair')),
    arrayPair(tie('pair')),
    anyOfPair(tie('pair')),
    allOfPair(tie('pair')),
  ),
})).pair;

function objectPair(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  const member = fc.record({ name, pair: inner, isRequired: fc.boolean() });
  const others = fc.constantFrom<Json | undefined>(undefined, false, true, { type: 'integer' });
  return fc
    .tuple(fc.uniqueArray(member, { selector: (item) => item.name, maxLength: 4 }), others)
    .map(([members, rest]): Pair => {
      // Names that look like array indices would not keep their place in an object.
      const kept = members.filter((item) => !/^\d+$/.test(item.name));
      const schema: Record<string, Json> = {
        type: 'object',
        properties: Object.fromEntries(kept.map((item) => [item.name, item.pair.schema])),
        required: kept.filter((item) => item.isRequired).map((item) => item.name),
      };
      if (rest !== undefined) schema['additionalProperties'] = rest;
      const parts = kept.map((item) =>
        fc.tuple(fc.constant(item.name), item.isRequired ? fc.constant(true) : fc.boolean(), item.pair.value),
      );
      const value = fc
        .tuple(...parts)
        .map(
          (list): Json => Object.fromEntries(list.filter(([, isThere]) => isThere).map(([key, , item]) => [key, item])),
        );
      return { schema, value };
    });
}

function arrayPair(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  return fc.tuple(inner, fc.nat(2), fc.option(fc.nat(2))).map(([item, min, more]): Pair => {
    const max = more === null ? min + 3 : min + more;
    const schema = { type: 'array', items: item.schema, minItems: min, ...(more !== null && { maxItems: max }) };
    return { schema, value: fc.array(item.value, { minLength: min, maxLength: max }) };
  });
}

function anyOfPair(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  return fc.array(inner, { minLength: 1, maxLength: 3 }).map(
    (list): Pair => ({
      schema: { anyOf: list.map((pair) => pair.schema) },
      value: fc.oneof(...list.map((pair) => pair.value)),
    }),
  );
}

function allOfPair(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  return inner.map((pair): Pair => ({ schema: { allOf: [{ title: 'one' }, pair.schema] }, value: pair.value }));
}

const pairWithValues = pairs.chain((pair) =>
  fc.tuple(fc.constant(pair.schema), fc.array(pair.value, { minLength: 1, maxLength: 3 })),
);

function compile(schema: JsonSchema): { grammar: SchemaGrammar; compiled: CompiledGrammar } {
  const grammar = grammarFromSchema(schema, { rulePrefix: 't' });
  return { grammar, compiled: compileGrammar({ root: grammar.node, rules: grammar.rules }) };
}

function takesInChunks(cursor: Cursor, bytes: Uint8Array, sizes: readonly number[]): boolean {
  let at = 0;
  for (let round = 0; at < bytes.length; round++) {
    const size = sizes[round % sizes.length] ?? 1;
    if (!cursor.accept(bytes.subarray(at, at + size))) return false;
    at += size;
  }
  return cursor.mayEnd();
}

describe('values that are valid', () => {
  it('are accepted in every chunking', () => {
    fc.assert(
      fc.property(
        pairWithValues,
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        ([schema, values], sizes) => {
          const { compiled } = compile(schema);
          for (const value of values) {
            expect(validate(schema, value)).toEqual([]);
            const bytes = encoder.encode(JSON.stringify(value));
            expect(takesInChunks(compiled.start(), bytes, [bytes.length])).toBe(true);
            expect(takesInChunks(compiled.start(), bytes, [1])).toBe(true);
            expect(takesInChunks(compiled.start(), bytes, sizes)).toBe(true);
          }
        },
      ),
      { seed, numRuns: 150 },
    );
  });
});

/** Single bytes, and some longer tokens that cross the borders of grammar parts and of code points. */
function vocabulary(): Vocabulary {
  const texts = [
    '{"',
    '":',
    '": ',
    '",',
    '", "',
    '"}',
    '"}]',
    '[]',
    '{}',
    '},{',
    'true',
    'null',
    '12',
    '-1',
    '0.5',
    'a',
    'ab',
    'city',
    '"a":',
    '\\n',
    '\\u00',
    '好',
    '1970-01-01T00:00:00Z',
  ];
  const tokens = [
    ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
    ...texts.map((item) => encoder.encode(item)),
    Uint8Array.of(0xe5, 0xa5),
    Uint8Array.of(0xbd, 0x22),
  ];
  return { size: tokens.length, bytes: (id) => tokens[id] ?? new Uint8Array(), special: () => undefined };
}

const tokens = vocabulary();

/** Picks allowed tokens at random, and ends as soon as it may once `limit` tokens are written. */
function walk(cursor: Cursor, random: () => number, limit: number): Uint8Array | undefined {
  const out: number[] = [];
  for (let round = 0; round < limit * 20; round++) {
    if (cursor.mayEnd() && (cursor.mustEnd() || round >= limit)) return Uint8Array.from(out);
    const forced = cursor.forced();
    const mask = cursor.allowed(tokens);
    const ids = Array.from({ length: tokens.size }, (_, id) => id).filter(
      (id) => (((mask[id >> 5] ?? 0) >>> (id & 31)) & 1) === 1,
    );
    // Closing characters end nested values sooner.
    const closing = ids.filter((id) => id === 0x22 || id === 0x5d || id === 0x7d);
    const from = round >= limit && closing.length > 0 ? closing : ids;
    const bytes = tokens.bytes(from[Math.floor(random() * from.length)] ?? -1);
    if (bytes.length === 0) return undefined;
    const shared = Math.min(bytes.length, forced.length);
    expect([...bytes.subarray(0, shared)]).toEqual([...forced.subarray(0, shared)]);
    if (!cursor.accept(bytes)) throw new Error('an allowed token was refused');
    out.push(...bytes);
  }
  return undefined;
}

describe('what the automaton allows', () => {
  it('is JSON and valid for every keyword that is not relaxed', () => {
    let finished = 0;
    fc.assert(
      fc.property(
        pairs,
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        ({ schema }, stream) => {
          const { grammar, compiled } = compile(schema);
          const next = (): number => stream.next().value ?? 0;
          const bytes = walk(compiled.start(), next, 30);
          if (bytes === undefined) return;
          finished++;
          const value: unknown = JSON.parse(decoder.decode(bytes));
          const violations = validate(schema, value).filter(({ keyword }) => !grammar.relaxed.includes(keyword));
          expect(violations, decoder.decode(bytes)).toEqual([]);
        },
      ),
      { seed, numRuns: 120 },
    );
    expect(finished).toBeGreaterThan(90);
  });

  it('is exactly what accept takes', () => {
    fc.assert(
      fc.property(pairWithValues, fc.nat(60), ([schema, [value]], length) => {
        const cursor = compile(schema).compiled.start();
        cursor.accept(encoder.encode(JSON.stringify(value)).subarray(0, length));
        const mask = cursor.allowed(tokens);
        for (let id = 0; id < tokens.size; id++) {
          const isAllowed = (((mask[id >> 5] ?? 0) >>> (id & 31)) & 1) === 1;
          expect(cursor.clone().accept(tokens.bytes(id)), String(id)).toBe(isAllowed);
        }
      }),
      { seed, numRuns: 40 },
    );
  });
});
