import { describe, expect, it } from 'vitest';
import { checkSchema } from './check-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { normaliseSchema } from './normalise-schema.ts';

const table: readonly (readonly [JsonSchema, JsonSchema])[] = [
  [{ type: 'dict' }, { type: 'object' }],
  [{ type: 'STRING' }, { type: 'string' }],
  [{ type: 'List[int]' }, { type: 'array' }],
  [{ type: ['str', 'None'] }, { type: ['string', 'null'] }],
  [{ type: 'any', description: 'x' }, { description: 'x' }],
  [{ type: 'integer', enum: ['1', '2'] }, { enum: ['1', '2'] }],
  [
    { type: 'string', nullable: true, enum: [null] },
    { type: 'string', nullable: true, enum: [null] },
  ],
  [{ type: 'string', enum: [] }, { type: 'string' }],
  [
    { type: 'object', properties: { a: { type: 'int', required: true }, b: { type: 'float' } } },
    { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'number' } }, required: ['a'] },
  ],
  [{ type: 'object', properties: null, required: null }, { type: 'object' }],
  [
    { default: { type: 'dict' }, enum: [{ type: 'dict' }] },
    { default: { type: 'dict' }, enum: [{ type: 'dict' }] },
  ],
  [{ properties: { type: { type: 'str' } } }, { properties: { type: { type: 'string' } } }],
  [{ nullable: true, anyOf: [{ type: 'int' }] }, { anyOf: [{ type: 'integer' }, { type: 'null' }] }],
  [{ nullable: true, $ref: '#/$defs/a' }, { anyOf: [{ $ref: '#/$defs/a' }, { type: 'null' }] }],
  [true, true],
];

describe('normaliseSchema', () => {
  for (const [written, plain] of table)
    it(JSON.stringify(written), () => {
      expect(normaliseSchema(written)).toEqual(plain);
      expect(normaliseSchema(normaliseSchema(written))).toEqual(plain);
    });

  it('keeps the order of properties', () => {
    const schema = normaliseSchema({ type: 'object', properties: { z: {}, a: {}, m: {} } });
    expect(JSON.stringify(schema)).toBe('{"type":"object","properties":{"z":{},"a":{},"m":{}}}');
  });
});

describe('checkSchema', () => {
  const refused: readonly (readonly [unknown, string])[] = [
    [5, 'p'],
    [null, 'p'],
    [[], 'p'],
    [{ type: 5 }, 'p.type'],
    [{ properties: [] }, 'p.properties'],
    [{ properties: { a: 3 } }, 'p.properties.a'],
    [{ properties: { a: { enum: 'x' } } }, 'p.properties.a.enum'],
    [{ required: 'a' }, 'p.required'],
    [{ items: 'string' }, 'p.items'],
    [{ anyOf: {} }, 'p.anyOf'],
    [{ anyOf: [1] }, 'p.anyOf[0]'],
    [{ $defs: { x: { $ref: 1 } } }, 'p.$defs.x.$ref'],
  ];
  for (const [schema, param] of refused)
    it(`refuses ${JSON.stringify(schema)}`, () => {
      expect(() => checkSchema(schema, 'p')).toThrow(
        expect.objectContaining({ code: 'invalid_schema', detail: { param } }),
      );
    });

  it('is lenient where a meaning can be found', () => {
    for (const schema of [true, {}, { type: 'dict' }, { default: 5, enum: [1] }, { properties: null }, { 'x-odd': [] }])
      expect(() => checkSchema(schema, 'p')).not.toThrow();
  });
});
