/** The list dialect and its type words as JSON Schema. */

import { describe, expect, it } from 'vitest';
import { Field } from '../../base/decode.ts';
import { decodeParameters } from './parameters.ts';
import { WarningList } from './warnings.ts';

function read(value: unknown, warnings = new WarningList()) {
  return decodeParameters(new Field(value, 'parameters'), warnings).schema;
}

const property = (parameter: object) => {
  const { properties } = read([{ name: 'p', ...parameter }]);
  return typeof properties === 'object' && properties !== null && 'p' in properties ? properties['p'] : undefined;
};

describe('the list dialect', () => {
  it('is an object schema; an empty list has no parameters', () => {
    expect(read([])).toEqual({ type: 'object', properties: {} });
    expect(read(undefined)).toEqual({ type: 'object', properties: {} });
  });

  const words: ReadonlyArray<readonly [string, object]> = [
    ['str', { type: 'string' }],
    ['int', { type: 'integer' }],
    [' Float ', { type: 'number' }],
    ['bool', { type: 'boolean' }],
    ['dict', { type: 'object' }],
    ['list', { type: 'array' }],
    ['tuple', { type: 'array' }],
    ['any', {}],
    ['', {}],
    ['list[int]', { type: 'array', items: { type: 'integer' } }],
    ['List[Dict[str, int]]', { type: 'array', items: { type: 'object' } }],
    ['array<string>', { type: 'array', items: { type: 'string' } }],
    ['string[]', { type: 'array', items: { type: 'string' } }],
    ['Optional[int]', { type: 'integer' }],
    ['tuple[str, int]', { type: 'array' }],
    ['str | None', { type: ['string', 'null'] }],
    ['date', { type: 'string', format: 'date' }],
    ['datetime', { type: 'string' }],
  ];
  for (const [word, schema] of words)
    it(`reads the type '${word}'`, () => {
      expect(property({ type: word })).toEqual(schema);
    });

  it('frees a parameter of an unknown type, with a warning', () => {
    const warnings = new WarningList();
    expect(read([{ name: 'p', type: 'colour' }], warnings)).toEqual({ type: 'object', properties: { p: {} } });
    expect(warnings.all()).toMatchObject([{ code: 'unknown_type', param: 'parameters[0].type' }]);
  });

  it('loses nothing but the place in an HTTP request', () => {
    const parameter = {
      type: 'int',
      description: 'd',
      enum: [1, 2],
      default: 1,
      minimum: 0,
      examples: [1],
      title: 't',
      in: 'query',
      required: 'true',
    };
    expect(read([{ name: 'p', ...parameter }])).toEqual({
      type: 'object',
      properties: {
        p: { type: 'integer', description: 'd', enum: [1, 2], default: 1, minimum: 0, examples: [1], title: 't' },
      },
      required: ['p'],
    });
  });

  it('takes an empty enum for none', () => {
    expect(property({ type: 'string', enum: '' })).toEqual({ type: 'string' });
    expect(property({ type: 'string', enum: [] })).toEqual({ type: 'string' });
    expect(property({ type: 'string', enum: null })).toEqual({ type: 'string' });
  });

  it('finds the type in schema', () => {
    expect(property({ schema: { type: 'int', minimum: 1 }, description: 'd' })).toEqual({
      type: 'integer',
      minimum: 1,
      description: 'd',
    });
    expect(property({ schema: 'list[str]' })).toEqual({ type: 'array', items: { type: 'string' } });
    expect(property({ schema: null, type: 'str' })).toEqual({ type: 'string' });
  });

  it('implies object and array from what is inside', () => {
    expect(property({ properties: { a: { type: 'str' } } })).toEqual({
      type: 'object',
      properties: { a: { type: 'string' } },
    });
    expect(property({ items: 'int' })).toEqual({ type: 'array', items: { type: 'integer' } });
  });

  it('reads inner lists, and required inside maps', () => {
    const inner = [{ name: 'a', type: 'int', required: true }, { name: 'b' }];
    const schema = { type: 'object', properties: { a: { type: 'integer' }, b: {} }, required: ['a'] };
    expect(property({ type: 'dict', properties: inner })).toEqual(schema);
    expect(property({ type: 'list', items: inner })).toEqual({ type: 'array', items: schema });
    expect(property({ type: 'dict', properties: { a: { type: 'int', required: true }, b: {} } })).toEqual(schema);
    expect(property({ type: 'dict', properties: { a: { type: 'int' }, b: {} }, required: ['a'] })).toEqual(schema);
  });

  it('grows dotted names into objects, and into the items of arrays', () => {
    const listed = [
      { name: 'where.city.name', type: 'string', required: true },
      { name: 'where.zip', type: 'int' },
      { name: 'days', type: 'array', description: 'd' },
      { name: 'days.date', type: 'string', required: true },
      { name: '.odd.', type: 'string' },
    ];
    expect(read(listed)).toEqual({
      type: 'object',
      properties: {
        where: {
          type: 'object',
          properties: {
            city: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
            zip: { type: 'integer' },
          },
          required: ['city'],
        },
        days: {
          type: 'array',
          description: 'd',
          items: { type: 'object', properties: { date: { type: 'string' } }, required: ['date'] },
        },
        '.odd.': { type: 'string' },
      },
      required: ['where'],
    });
  });

  it('holds no trap for names that mean something to JavaScript', () => {
    const schema = read([{ name: '__proto__', type: 'string', required: true }, { name: 'constructor.prototype' }]);
    expect(JSON.stringify(schema)).toBe(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"object","properties":{"prototype":{}}}},"required":["__proto__"]}',
    );
  });

  it('refuses nesting that nobody could compile', () => {
    const nest = (depth: number): object =>
      depth === 0 ? { name: 'a' } : { name: 'a.a.a.a.a.a.a.a.a.a', properties: [nest(depth - 1)] };
    expect(() => read([nest(20)])).toThrow('nests more than');
  });
});

describe('JSON Schema', () => {
  const kept = [
    { type: 'object', required: ['a'], properties: { a: { $ref: '#/$defs/x' } }, $defs: { x: { type: 'string' } } },
    { type: 'object', properties: { type: { type: 'string' }, required: { enum: ['x', null, 1] } } },
    { type: 'object', properties: { a: { type: ['string', 'null'], anyOf: [{ minLength: 1 }, true] } } },
    { type: 'object', additionalProperties: false, properties: {}, required: [], description: 'd', 'x-own': { a: 1 } },
    { type: 'object', properties: { pair: { type: 'array', items: [{ type: 'string' }, { type: 'integer' }] } } },
    { type: 'object', properties: { items: { type: 'array', items: { const: { items: 'int' } } } } },
  ];
  for (const schema of kept)
    it(`is kept to the letter: ${JSON.stringify(schema).slice(0, 60)}`, () => {
      expect(JSON.stringify(read(schema))).toBe(JSON.stringify(schema));
    });

  it('is completed where it is no object schema yet', () => {
    expect(read({})).toEqual({ type: 'object', properties: {} });
    expect(read({ properties: { a: {} } })).toEqual({ type: 'object', properties: { a: {} } });
    expect(read({ type: ['object', 'null'] })).toEqual({ type: 'object' });
  });

  it('understands the type words of other languages', () => {
    expect(read({ type: 'dict', properties: { a: { type: 'float', required: true } } })).toEqual({
      type: 'object',
      properties: { a: { type: 'number' } },
      required: ['a'],
    });
  });

  it('ignores subschemas that are null', () => {
    expect(read({ type: 'object', properties: { a: { items: null, anyOf: null } } })).toEqual({
      type: 'object',
      properties: { a: {} },
    });
  });
});
