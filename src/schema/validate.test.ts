import { describe, expect, it } from 'vitest';
import type { JsonSchema } from './json-schema.ts';
import { validate } from './validate.ts';

const keywords = (schema: JsonSchema, value: unknown): string[] =>
  validate(schema, value).map(({ keyword }) => keyword);

/** Schema, values that are valid, values that are not. */
const table: readonly (readonly [JsonSchema, readonly unknown[], readonly unknown[]])[] = [
  [{ type: 'integer' }, [1, -3, 2.0, 1e20], [1.5, '1', null, true]],
  [{ type: ['string', 'null'] }, ['', null], [0, []]],
  [{ type: 'string', nullable: true }, ['a', null], [1]],
  [{ enum: [1, 'a', null, { b: [1] }] }, [1, 'a', null, { b: [1] }], ['1', { b: [2] }, {}]],
  [{ const: { a: 1, b: 2 } }, [{ b: 2, a: 1 }], [{ a: 1 }]],
  [{ minimum: 1, exclusiveMaximum: 3 }, [1, 2.9, 'x'], [0.9, 3]],
  [{ multipleOf: 0.1 }, [0.3, 1.1, 0], [0.35]],
  [{ minLength: 2, maxLength: 3 }, ['ab', '😀😀', '好好好'], ['a', '😀', 'abcd']],
  [{ pattern: '^\\d{3}$' }, ['123', 5], ['1234', 'abc']],
  [{ pattern: '^\\u0041\\p{Lu}$' }, ['AB'], ['ab']],
  [{ format: 'date' }, ['2024-02-29', 7], ['2023-02-29', '2024-13-01', '2024-1-1']],
  [
    { format: 'date-time' },
    ['2024-02-29T23:59:59.5Z', '2024-01-01t00:00:00+05:30'],
    ['2024-01-01', '2024-01-01T25:00:00Z'],
  ],
  [{ format: 'time' }, ['10:00:00Z'], ['10:00', '10:61:00Z']],
  [{ format: 'ipv4' }, ['1.2.3.255'], ['1.2.3.256', '1.2.3']],
  [
    { format: 'ipv6' },
    ['::1', '2001:db8::8a2e:370:7334', '::', '::ffff:1.2.3.4', '1:2:3:4:5:6:7:8'],
    ['1::2::3', ':1', '1:2', 'g::', '1:2:3:4:5:6:7:8:9'],
  ],
  [{ format: 'email' }, ['a@b.c'], ['a b@c', 'x']],
  [{ format: 'uuid' }, ['123e4567-e89b-12d3-a456-426614174000'], ['123e4567']],
  [{ format: 'something else' }, ['anything'], []],
  [{ properties: { a: { type: 'integer' } }, required: ['a'] }, [{ a: 1 }, { a: 1, b: 2 }, 5], [{}, { a: 'x' }]],
  [{ properties: { a: true }, additionalProperties: false }, [{}, { a: 1 }], [{ b: 1 }]],
  [{ additionalProperties: { type: 'null' } }, [{ x: null }], [{ x: 1 }]],
  [
    { patternProperties: { '^x': { type: 'null' } }, additionalProperties: false },
    [{ xa: null }],
    [{ xa: 1 }, { y: null }],
  ],
  [{ propertyNames: { maxLength: 2 } }, [{ ab: 1 }], [{ abc: 1 }]],
  [{ minProperties: 1, maxProperties: 2 }, [{ a: 1 }], [{}, { a: 1, b: 2, c: 3 }]],
  [{ items: { type: 'integer' } }, [[], [1]], [['a']]],
  [{ prefixItems: [{ type: 'integer' }], items: { type: 'string' } }, [[1, 'a'], []], [['a'], [1, 2]]],
  [{ items: [{ type: 'integer' }], additionalItems: false }, [[1]], [[1, 2]]],
  [{ contains: { const: 1 }, maxContains: 1 }, [[1, 2]], [[2], [1, 1]]],
  [
    { minItems: 1, maxItems: 2, uniqueItems: true },
    [[1], [1, 2]],
    [
      [],
      [1, 2, 3],
      [1, 1],
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    ],
  ],
  [{ anyOf: [{ type: 'string' }, { minimum: 3 }] }, ['a', 3], [2]],
  [{ oneOf: [{ type: 'number' }, { minimum: 3 }] }, [2, 'a'], [3]],
  [{ allOf: [{ minimum: 1 }, { maximum: 2 }] }, [1.5], [0, 3]],
  [{ not: { type: 'null' } }, [1], [null]],
  [{ if: { type: 'string' }, then: { minLength: 1 }, else: { minimum: 1 } }, ['a', 1, null], ['', 0]],
  [{ dependentRequired: { a: ['b'] } }, [{}, { a: 1, b: 1 }], [{ a: 1 }]],
  [{ dependencies: { a: { required: ['c'] } } }, [{ a: 1, c: 1 }], [{ a: 1 }]],
  [{ $ref: '#/$defs/a~1b', $defs: { 'a/b': { type: 'null' } } }, [null], [1]],
  [{ $ref: '#name', $defs: { x: { $anchor: 'name', type: 'null' } } }, [null], [1]],
  [
    { properties: { next: { $ref: '#' }, v: { type: 'integer' } } },
    [{ next: { next: { v: 1 } } }],
    [{ next: { next: { v: 'x' } } }],
  ],
  [false, [], [1, null]],
  [
    { properties: JSON.parse('{"__proto__":{"type":"integer"}}') },
    [{}, { toString: 1 }],
    [JSON.parse('{"__proto__":"x"}')],
  ],
];

describe('validate', () => {
  for (const [schema, good, bad] of table)
    it(JSON.stringify(schema), () => {
      for (const value of good) expect(validate(schema, value), JSON.stringify(value)).toEqual([]);
      for (const value of bad) expect(validate(schema, value), JSON.stringify(value)).not.toEqual([]);
    });

  it('says where, which keyword, and what would be right', () => {
    const schema = {
      type: 'object',
      properties: {
        location: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        days: { type: 'array', items: { enum: ['mon', 'tue'] } },
      },
    };
    expect(validate(schema, { location: {}, days: ['mon', 'wed'] })).toEqual([
      { path: 'location', keyword: 'required', message: "must have the property 'city'" },
      { path: 'days[1]', keyword: 'enum', message: 'must be one of "mon", "tue"' },
    ]);
    expect(validate(schema, { location: { city: 1 } })[0]?.path).toBe('location.city');
    expect(validate({ additionalProperties: { type: 'null' } }, { 'a b': 1 })[0]?.path).toBe('["a b"]');
  });

  it('reports the complaints of the only alternative that comes near', () => {
    const schema = {
      anyOf: [{ type: 'null' }, { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }],
    };
    expect(validate(schema, { a: 'x' })).toEqual([
      { path: 'a', keyword: 'type', message: 'must be an integer, not a string' },
    ]);
  });
});

describe('hostile input', () => {
  it('ends on references that go round', () => {
    expect(validate({ $ref: '#' }, { a: 1 })).toEqual([]);
    expect(validate({ anyOf: [{ $ref: '#' }, { type: 'string' }] }, 1)).toEqual([]);
    const chain = Object.fromEntries(
      Array.from({ length: 5000 }, (_, index) => [`d${index}`, { $ref: `#/$defs/d${(index + 1) % 5000}` }]),
    );
    expect(keywords({ $ref: '#/$defs/d0', $defs: chain }, 1)).toContain('$ref');
  });

  it('ends on schemas that double at every step', () => {
    const defs: Record<string, { allOf: { $ref: string }[] }> = {};
    for (let index = 0; index < 60; index++) {
      const next = { $ref: `#/$defs/d${index + 1}` };
      defs[`d${index}`] = { allOf: [next, next] };
    }
    expect(keywords({ $ref: '#/$defs/d0', $defs: { ...defs, d60: { type: 'null' } } }, 1).length).toBeGreaterThan(0);
  });

  it('refuses values that are too deep', () => {
    let value: unknown = 1;
    for (let index = 0; index < 100_000; index++) value = [value];
    expect(keywords({}, value)).toEqual(['depth']);
  });

  it('runs patterns that would take others for ever, and skips what it cannot run', () => {
    expect(keywords({ pattern: '^(a+)+$' }, `${'a'.repeat(50_000)}!`)).toEqual(['pattern']);
    expect(keywords({ pattern: 'a(?=x)y' }, 'y')).toEqual([]);
    expect(keywords({ pattern: '(' }, 'y')).toEqual([]);
  });

  it('takes keywords of the wrong form for absent', () => {
    const odd = { type: 5, properties: [], items: 3, enum: 'x', required: 'a', anyOf: {}, $ref: 7, minLength: 'x' };
    expect(validate(odd, { a: [1] })).toEqual([]);
  });
});
