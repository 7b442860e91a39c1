/** Generated schemas, each with texts: values that are valid, values that are not, and texts with a letter wrong. */

import fc from 'fast-check';
import type { Json } from '../../src/base/json.ts';
import type { SchemaObject } from '../../src/schema/json-schema.ts';

/** A schema, a valid value with its properties in the schema's order, and other texts. */
export interface SchemaCase {
  readonly schema: SchemaObject;
  readonly valid: string;
  readonly others: readonly string[];
}

interface Pair {
  readonly schema: SchemaObject;
  readonly value: fc.Arbitrary<Json>;
}

const letter = fc.oneof(fc.constantFrom(...'ab"\\\n\té好😀}],:'), fc.string({ unit: 'grapheme', maxLength: 1 }));
const text = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(letter, { minLength, maxLength })
    .map((letters) => [...letters.join('').toWellFormed()].slice(0, maxLength).join(''))
    .filter((value) => [...value].length >= minLength && !value.includes('\0'));
const key = fc.oneof(fc.constantFrom('a', 'ab', 'city', 'b"c', 'é', '城市', '__proto__'), text(1, 4)).filter(isNoIndex);
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const scalar: fc.Arbitrary<Json> = fc.oneof(text(0, 4), fc.integer(), number, fc.boolean(), fc.constant(null));
const anyJson: fc.Arbitrary<Json> = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(key, scalar, { maxKeys: 2, noNullPrototype: true }),
);

/** `JSON.parse` and objects would move such keys to the front. */
function isNoIndex(name: string): boolean {
  return !/^\d+$/.test(name);
}

const strings = fc.tuple(fc.nat(3), fc.constantFrom(0, 1, 3, 2500)).map(
  ([min, more]): Pair => ({
    schema: { type: 'string', minLength: min, maxLength: min + more },
    value: text(min, Math.min(min + more, 8)),
  }),
);
const integers = fc.tuple(fc.integer({ min: -1500, max: 1500 }), fc.nat(3000)).map(
  ([low, width]): Pair => ({
    schema: { type: 'integer', minimum: low, maximum: low + width },
    value: fc.integer({ min: low, max: low + width }),
  }),
);
const fixed: readonly Pair[] = [
  { schema: {}, value: anyJson },
  { schema: { type: 'number' }, value: number },
  { schema: { type: 'boolean' }, value: fc.boolean() },
  { schema: { type: ['string', 'null'] }, value: fc.option(text(0, 5)) },
  {
    schema: { type: 'number', exclusiveMinimum: 0 },
    value: fc.integer({ min: 1, max: 9999 }).map((count) => count / 8),
  },
  { schema: { type: 'string', format: 'date' }, value: fc.constantFrom('2024-02-29', '1999-12-31', '2026-11-21') },
  { schema: { type: 'string', pattern: '^a+$' }, value: fc.constantFrom('a', 'aaa') },
  { schema: { type: 'array', uniqueItems: true, items: { type: 'integer' } }, value: fc.uniqueArray(fc.integer()) },
];
const enumerations = fc
  .array(anyJson, { minLength: 1, maxLength: 12 })
  .map((values): Pair => ({ schema: { enum: values }, value: fc.constantFrom(...values) }));
const tree: Pair = {
  schema: {
    $ref: '#/$defs/node',
    $defs: {
      node: {
        type: 'object',
        properties: { name: { type: 'string' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
        required: ['name', 'next'],
        additionalProperties: false,
      },
    },
  },
  value: fc
    .array(text(0, 3), { minLength: 1, maxLength: 4 })
    .map((names) => names.reduce<Json>((next, name) => ({ name, next }), null)),
};

const pairs = fc.letrec<{ pair: Pair }>((tie) => ({
  pair: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(strings, integers, enumerations, fc.constantFrom(...fixed)),
    objects(tie('pair')),
    arrays(tie('pair')),
    fc.array(tie('pair'), { minLength: 1, maxLength: 3 }).map(
      (list): Pair => ({
        schema: { anyOf: list.map(({ schema }) => schema) },
        value: fc.oneof(...list.map(({ value }) => value)),
      }),
    ),
  ),
})).pair;

function objects(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  const property = fc.record({ key, pair: inner, isRequired: fc.boolean() });
  const others = fc.constantFrom<readonly Record<string, Json>[]>(
    ...[[], [{ additionalProperties: false }], [{ additionalProperties: { type: 'integer' } }]],
  );
  return fc.tuple(fc.uniqueArray(property, { selector: (each) => each.key, maxLength: 4 }), others).map(
    ([properties, [rest]]): Pair => ({
      schema: {
        type: 'object',
        properties: Object.fromEntries(properties.map((each) => [each.key, each.pair.schema])),
        required: properties.filter((each) => each.isRequired).map((each) => each.key),
        ...rest,
      },
      value: fc
        .tuple(...properties.map((each) => (each.isRequired ? each.pair.value : fc.option(each.pair.value))))
        .map((values) =>
          Object.fromEntries(
            properties.flatMap((each, index): [string, Json][] => {
              const value = values[index] ?? null;
              return value === null && !each.isRequired ? [] : [[each.key, value]];
            }),
          ),
        ),
    }),
  );
}

function arrays(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  return fc.tuple(inner, fc.nat(2), fc.constantFrom(0, 1, 2000)).map(
    ([item, min, more]): Pair => ({
      schema: { type: 'array', items: item.schema, minItems: min, maxItems: min + more },
      value: fc.array(item.value, { minLength: min, maxLength: min + Math.min(more, 3) }),
    }),
  );
}

/** One letter left out, put in, or replaced. */
function damaged(valid: string): fc.Arbitrary<string> {
  const letters = [...valid];
  return fc
    .tuple(fc.nat(letters.length), fc.nat(1), letter)
    .map(([at, removed, added]) =>
      [...letters.slice(0, at), added, ...letters.slice(at + removed)].join('').toWellFormed().replaceAll('\0', ''),
    );
}

/** A case; the other texts are a damaged one, one cut short, one of another schema, and one with blanks. */
export const schemaCases: fc.Arbitrary<SchemaCase> = fc
  .tuple(fc.oneof({ weight: 9, arbitrary: pairs }, { weight: 1, arbitrary: fc.constant(tree) }), pairs)
  .chain(([pair, other]) => fc.tuple(fc.constant(pair.schema), pair.value, other.value, fc.nat()))
  .chain(([schema, value, other, cut]) => {
    const valid = JSON.stringify(value);
    const plain = [
      valid.slice(0, cut % valid.length).toWellFormed(),
      JSON.stringify(other),
      JSON.stringify(value, null, 1),
    ];
    return fc
      .tuple(damaged(valid), damaged(valid))
      .map((spoilt): SchemaCase => ({ schema, valid, others: [...spoilt, ...plain] }));
  });
