import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coerce } from './coerce.ts';
import type { JsonSchema } from './json-schema.ts';

const closed: JsonSchema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city'],
  additionalProperties: false,
};

/** Schema, what was written, what is made of it, how it is called. */
const table: readonly (readonly [JsonSchema, unknown, unknown, readonly string[]])[] = [
  [{ type: 'integer' }, '3', 3, ['string-to-integer']],
  [{ type: 'integer' }, ' -3.0 ', -3, ['string-to-integer']],
  [{ type: 'integer' }, '3.5', '3.5', []],
  [{ type: 'integer' }, '12345678901234567890', Number('12345678901234567890'), ['string-to-integer']],
  [{ type: 'integer' }, 3.5, 3.5, []],
  [{ type: 'number' }, '1e3', 1000, ['string-to-number']],
  [{ type: 'number' }, 'three', 'three', []],
  [{ type: 'number' }, '', '', []],
  [{ type: 'boolean' }, 'True', true, ['string-to-boolean']],
  [{ type: 'boolean' }, 'yes', 'yes', []],
  [{ type: ['integer', 'null'] }, 'None', null, ['string-to-null']],
  [{ type: 'string' }, 3, '3', ['number-to-string']],
  [{ type: 'string' }, '3', '3', []],
  [{ type: ['string', 'integer'] }, '3', '3', []],
  [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, '3', '3', []],
  [{ anyOf: [{ type: 'integer' }, { type: 'null' }] }, '3', 3, ['string-to-integer']],
  [{ type: 'array', items: { type: 'integer' } }, '3', [3], ['wrapped-in-array', 'string-to-integer at [0]']],
  [{ type: 'array', items: { type: 'string' } }, 'a', ['a'], ['wrapped-in-array']],
  [{ type: 'array', items: { type: 'string' } }, '["a"]', ['a'], ['string-to-array']],
  [
    { type: 'object', properties: { a: { type: 'integer' } } },
    '{"a":"1"}',
    { a: 1 },
    ['string-to-object', 'string-to-integer at a'],
  ],
  [{ type: 'object' }, '{"a":', '{"a":', []],
  [{ enum: ['Celsius', 'Fahrenheit'] }, 'celsius', 'Celsius', ['enum-case']],
  [{ enum: ['a', 'A'] }, 'Á', 'Á', []],
  [{ enum: ['aB', 'Ab'] }, 'ab', 'ab', []],
  [{ enum: [1, 2] }, '2', 2, ['enum-type']],
  [{ $ref: '#/$defs/n', $defs: { n: { type: 'integer' } } }, '7', 7, ['string-to-integer']],
  [{ allOf: [{ properties: { a: { type: 'integer' } } }] }, { a: '1' }, { a: 1 }, ['string-to-integer at a']],
  [closed, { City: 'Oslo' }, { city: 'Oslo' }, ['renamed-property at City']],
  [closed, { 'c-i-ty': 'a', CITY: 'b' }, {}, ['dropped-property at c-i-ty', 'dropped-property at CITY']],
  [closed, { city: 'Oslo', mood: 1 }, { city: 'Oslo' }, ['dropped-property at mood']],
  [closed, { city: 'Oslo', days: null }, { city: 'Oslo' }, ['dropped-null at days']],
  [
    { required: ['city'], properties: { city: {} } },
    { CITY: 1, mood: 1 },
    { city: 1, mood: 1 },
    ['renamed-property at CITY'],
  ],
  [{ additionalProperties: { type: 'integer' } }, { 'x y': '1' }, { 'x y': 1 }, ['string-to-integer at ["x y"]']],
];

describe('coerce', () => {
  for (const [schema, written, value, changes] of table)
    it(`${JSON.stringify(written)} by ${JSON.stringify(schema)}`, () => {
      expect(coerce(schema, written)).toEqual({ value, changes });
    });

  it('changes nothing that is valid', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(coerce({}, value)).toEqual({ value, changes: [] });
        expect(coerce({ type: 'array' }, [value])).toEqual({ value: [value], changes: [] });
      }),
      { seed: 7 },
    );
  });

  it('ends on references that go round', () => {
    expect(coerce({ $ref: '#' }, '3').changes).toEqual([]);
    expect(coerce({ anyOf: [{ $ref: '#' }, { type: 'integer' }] }, { a: 1 }).changes).toEqual([]);
  });
});
