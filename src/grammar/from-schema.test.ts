import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../schema/json-schema.ts';
import { compileGrammar } from './automaton.ts';
import { grammarFromSchema } from './from-schema.ts';

const encoder = new TextEncoder();

function accepts(schema: JsonSchema, json: string, copyFrom?: readonly string[]): boolean {
  const { node, rules } = grammarFromSchema(schema, { rulePrefix: 't', ...(copyFrom && { copyFrom }) });
  const cursor = compileGrammar({ root: node, rules }).start();
  return cursor.accept(encoder.encode(json)) && cursor.mayEnd();
}

const relaxed = (schema: JsonSchema): readonly string[] => grammarFromSchema(schema, { rulePrefix: 't' }).relaxed;

describe('objects', () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'integer' }, b: { type: 'string' }, c: { type: 'boolean' } },
    required: ['b'],
  };

  it('are their declared properties in order, the required ones always', () => {
    expect(accepts(schema, '{"a":1,"b":"x","c":true}')).toBe(true);
    expect(accepts(schema, '{"a": 1, "b": "x"}')).toBe(true);
    expect(accepts(schema, '{"b":"x","c":false}')).toBe(true);
    expect(accepts(schema, '{"b":"x"}')).toBe(true);
    for (const bad of [
      '{}',
      '{"a":1}',
      '{"b":"x",}',
      '{,"b":"x"}',
      '{"b":"x","a":1}',
      '{"b":"x","d":1}',
      '{"b":  "x"}',
    ])
      expect(accepts(schema, bad), bad).toBe(false);
    expect(relaxed(schema)).toEqual([]);
  });

  it('without required properties are any subset in order', () => {
    const all = { ...schema, required: [] };
    for (const good of ['{}', '{"a":1}', '{"c":true}', '{"a":1,"c":true}', '{"a":1,"b":"","c":true}'])
      expect(accepts(all, good), good).toBe(true);
    for (const bad of ['{"c":true,"a":1}', '{,}', '{"a":1 "b":""}', '{"a":1,}'])
      expect(accepts(all, bad), bad).toBe(false);
  });

  it('hold others only where the schema asks for them, and never a declared name again', () => {
    const open = { ...schema, additionalProperties: { type: 'null' } };
    expect(accepts(open, '{"b":"x","d":null,"bb":null}')).toBe(true);
    expect(accepts(open, '{"b":"x","b":null}')).toBe(false);
    expect(accepts(open, '{"b":"x","":null}')).toBe(true);
    expect(accepts({ type: 'object', additionalProperties: { type: 'integer' } }, '{"x":1, "y":2}')).toBe(true);
    expect(accepts({ type: 'object' }, '{"x":[{}]}')).toBe(true);
    expect(accepts({ type: 'object', properties: {}, additionalProperties: false }, '{}')).toBe(true);
  });

  it('have the names and values that patterns demand', () => {
    const schema = {
      type: 'object',
      properties: { id: { type: 'integer' } },
      patternProperties: { '^i': { maximum: 5 }, '^x-': { type: 'string' }, '-y$': { maxLength: 2 } },
      additionalProperties: false,
    };
    for (const good of ['{"id":5}', '{"x-a":"long"}', '{"id":1,"x-y":"ab"}', '{"z-y":"ab","i":3}'])
      expect(accepts(schema, good), good).toBe(true);
    for (const bad of ['{"id":6}', '{"x-a":1}', '{"x-y":"abc"}', '{"other":1}', '{"x-a":"","id":1}'])
      expect(accepts(schema, bad), bad).toBe(false);
    expect(accepts({ type: 'object', propertyNames: false }, '{}')).toBe(true);
    expect(accepts({ type: 'object', propertyNames: false }, '{"":1}')).toBe(false);
    const named = { type: 'object', propertyNames: { pattern: '^[a-z]+$', maxLength: 3 } };
    expect(['{"abc":1}', '{"abcd":1}', '{"A":1}'].map((value) => accepts(named, value))).toEqual([true, false, false]);
  });

  it('have as many properties as they must', () => {
    const properties = { a: { type: 'null' }, b: { type: 'null' }, c: { type: 'null' } };
    const two = { type: 'object', properties, required: ['b'], minProperties: 2, maxProperties: 2 };
    const taken = (schema: JsonSchema): string[] =>
      ['', 'a', 'b', 'c', 'a,b', 'a,c', 'b,c', 'a,b,c', 'a,z', 'z'].filter((names) =>
        accepts(
          schema,
          `{${
            names === ''
              ? ''
              : names
                  .split(',')
                  .map((name) => `"${name}":null`)
                  .join()
          }}`,
        ),
      );
    expect(taken(two)).toEqual(['a,b', 'b,c']);
    expect(taken({ type: 'object', properties, minProperties: 3 })).toEqual(['a,b,c']);
    const open = { type: 'object', properties, additionalProperties: true, minProperties: 1, maxProperties: 2 };
    expect(taken(open)).toEqual(['a', 'b', 'c', 'a,b', 'a,c', 'b,c', 'a,z', 'z']);
  });

  it('may have names that JSON must escape', () => {
    const name = 'a"\\\n\u0001é';
    const odd = { type: 'object', properties: { [name]: { type: 'null' } }, required: [name] };
    expect(accepts(odd, JSON.stringify({ [name]: null }))).toBe(true);
  });
});

describe('recursion', () => {
  it('is followed', () => {
    const tree = { type: 'object', properties: { kids: { type: 'array', items: { $ref: '#' } } } };
    expect(accepts(tree, '{"kids":[{"kids":[]},{}]}')).toBe(true);
    expect(accepts(tree, '{"kids":[1]}')).toBe(false);
  });

  it('that never ends is relaxed, not refused', () => {
    for (const schema of [{ $ref: '#' }, { anyOf: [{ $ref: '#' }] }, { allOf: [{ $ref: '#' }] }, false]) {
      expect(accepts(schema, '{"a":1}')).toBe(true);
    }
    const endless = { type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] };
    expect(accepts(endless, '1')).toBe(true);
    expect(relaxed(endless)).toContain('type');
  });
});

describe('integers', () => {
  it('keep whole bounds exactly', () => {
    const ranges: readonly (readonly [number, number])[] = [
      [0, 9],
      [-5, 5],
      [17, 423],
      [-423, -17],
      [99, 100],
      [0, 0],
      [-1, 0],
    ];
    for (const [minimum, maximum] of ranges) {
      const { node, rules, relaxed } = grammarFromSchema({ type: 'integer', minimum, maximum }, { rulePrefix: 't' });
      const start = compileGrammar({ root: node, rules }).start();
      const taken: number[] = [];
      for (let value = -1100; value <= 1100; value++) {
        const cursor = start.clone();
        if (cursor.accept(encoder.encode(String(value))) && cursor.mayEnd()) taken.push(value);
      }
      expect(relaxed).toEqual([]);
      expect([taken[0], taken.at(-1), taken.length]).toEqual([minimum, maximum, maximum - minimum + 1]);
    }
  });

  it('keep a bound on one side', () => {
    for (const good of ['13', '99', '100', '123456789'])
      expect(accepts({ type: 'integer', minimum: 13 }, good)).toBe(true);
    for (const bad of ['12', '9', '-13', '013', '1.5'])
      expect(accepts({ type: 'integer', minimum: 13 }, bad)).toBe(false);
    expect(accepts({ type: 'integer', exclusiveMaximum: -5 }, '-6')).toBe(true);
    expect(accepts({ type: 'integer', exclusiveMaximum: -5 }, '-5')).toBe(false);
    expect(relaxed({ type: 'number', minimum: 0 })).toEqual([]);
    expect(accepts({ type: 'number', minimum: 0 }, '-1')).toBe(false);
    expect(relaxed({ type: 'number', minimum: 0.5 })).toEqual([]);
    expect(accepts({ type: 'number', exclusiveMinimum: 0.5, maximum: 2 }, '0.50')).toBe(false);
    expect(accepts({ type: 'number', exclusiveMinimum: 0.5, maximum: 2 }, '2.00')).toBe(true);
  });
});

describe('what is relaxed', () => {
  const table: readonly (readonly [JsonSchema, readonly string[]])[] = [
    [{ type: 'string', pattern: 'b(?=a)' }, ['pattern']],
    [{ type: 'string', pattern: '^(?=a)' }, []],
    [{ type: 'string', format: 'regex' }, ['format']],
    [{ type: 'string', format: 'email' }, []],
    [{ type: 'string', format: 'date' }, []],
    [{ type: 'integer', multipleOf: 5 }, []],
    [{ type: 'integer', multipleOf: 1_000_003 }, ['multipleOf']],
    [{ type: 'array', uniqueItems: true }, ['uniqueItems']],
    [{ type: 'array', contains: { const: 1 } }, []],
    [{ type: 'array', contains: { const: 1 }, minContains: 2 }, ['contains']],
    [{ type: 'array', items: { enum: [1, 2] }, uniqueItems: true }, []],
    [{ not: { type: 'null' } }, []],
    [{ not: { type: 'integer' } }, ['not']],
    [{ not: { items: { type: 'null' } } }, ['not']],
    [{ if: {}, then: {} }, []],
    [{ if: { uniqueItems: true }, then: { type: 'null' }, else: { type: 'array' } }, ['if']],
    [{ oneOf: [{ type: 'string' }, { type: 'null' }] }, []],
    [{ oneOf: [{ type: 'string' }, { maxLength: 3 }] }, ['oneOf']],
    [{ oneOf: [{ const: 'a' }, { enum: ['b', 'c'] }] }, []],
    [{ type: 'object', patternProperties: { '^a': true } }, []],
    [{ type: 'object', patternProperties: { 'b(?=a)': true } }, ['additionalProperties', 'patternProperties']],
    [{ type: 'object', properties: { a: true }, minProperties: 1 }, []],
    [{ type: 'object', minProperties: 2 }, ['minProperties']],
    [{ type: 'object', properties: { a: true }, required: ['a'], minProperties: 1 }, []],
    [{ $ref: 'https://example.com/other.json' }, ['$ref']],
    [{ properties: { a: true }, patternProperties: { '^a': { maxLength: 1 } } }, []],
    [{ properties: { b: true }, patternProperties: { '^a': { maxLength: 1 } } }, []],
    [{ properties: { a: true }, propertyNames: { minLength: 2 } }, []],
    [{ propertyNames: { not: { const: 'a' } } }, ['propertyNames']],
    [{ allOf: [{ prefixItems: [{ type: 'integer' }] }, { items: { type: 'integer', maximum: 3 } }] }, ['items']],
  ];
  for (const [schema, keywords] of table)
    it(`${JSON.stringify(schema)}: ${keywords.join()}`, () => {
      expect(relaxed(schema)).toEqual(keywords);
    });

  it('tells branches apart by a required constant', () => {
    const branch = (kind: string): JsonSchema => ({
      type: 'object',
      properties: { kind: { const: kind } },
      required: ['kind'],
    });
    expect(relaxed({ oneOf: [branch('a'), branch('b')] })).toEqual([]);
    expect(relaxed({ oneOf: [branch('a'), branch('a')] })).toEqual(['oneOf']);
  });
});

describe('literal values', () => {
  it('meet the other keywords too, unless none does', () => {
    expect(accepts({ enum: ['a', 'abc'], maxLength: 2 }, '"a"')).toBe(true);
    expect(accepts({ enum: ['a', 'abc'], maxLength: 2 }, '"abc"')).toBe(false);
    expect(accepts({ type: 'integer', enum: ['1', '2'] }, '"1"')).toBe(true);
    expect(accepts({ enum: [1, 'a', null], type: ['string', 'null'] }, '1')).toBe(false);
    expect(accepts({ const: { a: [1, 'x'] } }, '{"a": [1, "x"]}')).toBe(true);
  });

  it('are null only where null is listed or a type', () => {
    expect(accepts({ type: 'string', nullable: true }, 'null')).toBe(true);
    expect(accepts({ anyOf: [{ type: 'string' }], nullable: true }, 'null')).toBe(false);
    expect(accepts({ allOf: [{ type: 'string', nullable: true }, { type: 'string' }] }, 'null')).toBe(false);
    expect(accepts({ allOf: [{ type: 'string', nullable: true }, { maxLength: 3 }] }, 'null')).toBe(true);
  });
});

describe('what nothing can satisfy', () => {
  it('is left to validation', () => {
    const impossible: readonly JsonSchema[] = [
      { type: 'integer', minimum: 2, maximum: 1 },
      { type: 'array', minItems: 2, maxItems: 1 },
      { type: 'object', minProperties: 1, maxProperties: 0 },
      { allOf: [{ type: 'string' }, { type: 'integer' }] },
      { enum: [] },
    ];
    for (const schema of impossible) {
      expect(accepts(schema, '{"any":1}'), JSON.stringify(schema)).toBe(true);
      expect(relaxed(schema)).toContain('type');
    }
  });

  it('does not harm its alternatives', () => {
    const schema = { anyOf: [{ type: 'integer', minimum: 2, maximum: 1 }, { type: 'null' }] };
    expect(accepts(schema, 'null')).toBe(true);
    expect(accepts(schema, '1')).toBe(false);
  });
});

describe('arrays', () => {
  it('have leading items, then others', () => {
    const pair = { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }], items: { type: 'null' } };
    for (const good of ['[]', '[1]', '[1,"a"]', '[1,"a",null,null]']) expect(accepts(pair, good), good).toBe(true);
    for (const bad of ['["a"]', '[1,null]', '[1,"a",1]']) expect(accepts(pair, bad), bad).toBe(false);
    const exact = { type: 'array', items: [{ type: 'integer' }], additionalItems: false, minItems: 1 };
    expect(['[1]', '[]', '[1,2]'].map((value) => accepts(exact, value))).toEqual([true, false, false]);
  });
});

describe('alternatives of which exactly one must match', () => {
  const one = (name: string) => ({ properties: { [name]: { type: 'integer' } }, required: [name] });

  it('are told apart by properties that only one of them writes', () => {
    const schema = { type: 'object', oneOf: [one('a'), one('b')] };
    expect(relaxed(schema)).toEqual([]);
    expect(accepts(schema, '{"a":1}')).toBe(true);
    expect(accepts(schema, '{"a":1,"b":1}')).toBe(false);
    expect(relaxed({ ...schema, properties: { a: true } })).toEqual(['oneOf']);
    expect(relaxed({ ...schema, additionalProperties: { type: 'integer' } })).toEqual(['oneOf']);
    expect(relaxed({ oneOf: [{ ...one('a'), additionalProperties: false }, { required: ['b'] }] })).toEqual([]);
    expect(relaxed({ oneOf: [{ type: 'object' }, { ...one('b'), type: 'object' }] })).toEqual(['oneOf']);
  });
});

describe('conditions', () => {
  const properties = { kind: { enum: ['a', 'b'] }, x: { type: 'integer' }, y: { type: 'integer' } };

  it('by if, then and else', () => {
    const schema = {
      type: 'object',
      properties,
      required: ['kind'],
      if: { properties: { kind: { const: 'a' } } },
      then: { required: ['x'] },
      else: { required: ['y'] },
    };
    for (const good of ['{"kind":"a","x":1}', '{"kind":"b","y":1}', '{"kind":"b","x":1,"y":1}'])
      expect(accepts(schema, good), good).toBe(true);
    for (const bad of ['{"kind":"a"}', '{"kind":"a","y":1}', '{"kind":"b","x":1}', '{"x":1}'])
      expect(accepts(schema, bad), bad).toBe(false);
    expect(relaxed(schema)).toEqual([]);
  });

  it('by dependencies', () => {
    const schema = { type: 'object', properties, dependentRequired: { x: ['y'] }, dependencies: { kind: ['x'] } };
    const taken = ['{}', '{"kind":"a"}', '{"x":1}', '{"y":1}', '{"x":1,"y":1}', '{"kind":"a","x":1,"y":1}'];
    expect(taken.map((value) => accepts(schema, value))).toEqual([true, false, false, true, true, true]);
    expect(relaxed(schema)).toEqual([]);
  });

  it('by not', () => {
    const schema = { type: 'string', not: { enum: ['a', 'b"'] }, maxLength: 2 };
    expect(['"a"', '"b\\""', '"b"', '"ab"', '"abc"'].map((value) => accepts(schema, value))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
    const either = { type: 'object', properties, not: { required: ['x', 'y'] } };
    expect(['{"x":1}', '{"y":1}', '{"x":1,"y":1}'].map((value) => accepts(either, value))).toEqual([true, true, false]);
    expect(accepts({ type: 'integer', not: { const: 5 } }, '5')).toBe(false);
    expect(accepts({ type: 'integer', not: { const: 5 } }, '6')).toBe(true);
  });
});

describe('items that depend on each other', () => {
  it('are none twice', () => {
    const schema = { type: 'array', items: { enum: ['a', 'b', 'c'] }, uniqueItems: true, minItems: 1, maxItems: 2 };
    for (const good of ['["a"]', '["b","a"]', '["a","c"]']) expect(accepts(schema, good), good).toBe(true);
    for (const bad of ['[]', '["a","a"]', '["a","b","c"]', '["a",]']) expect(accepts(schema, bad), bad).toBe(false);
  });

  it('hold one that matches', () => {
    const schema = { type: 'array', items: { type: 'integer' }, contains: { minimum: 5 }, minItems: 2 };
    for (const good of ['[1,5]', '[5,1]', '[1,2,3,9,1]', '[7,7]']) expect(accepts(schema, good), good).toBe(true);
    for (const bad of ['[5]', '[]', '[1,2]', '[5,"a"]']) expect(accepts(schema, bad), bad).toBe(false);
    expect(accepts({ ...schema, maxItems: 2 }, '[1,2,5]')).toBe(false);
    expect(relaxed(schema)).toEqual([]);
  });
});

describe('strings', () => {
  it('have the formats that can be written exactly', () => {
    const date = { type: 'string', format: 'date' };
    for (const good of ['2024-02-29', '2000-02-29', '2023-12-31']) expect(accepts(date, `"${good}"`), good).toBe(true);
    for (const bad of ['2023-02-29', '1900-02-29', '2023-04-31', '2023-00-10', '2023-1-1'])
      expect(accepts(date, `"${bad}"`), bad).toBe(false);
    expect(accepts({ type: 'string', format: 'ipv4' }, '"192.168.0.255"')).toBe(true);
    expect(accepts({ type: 'string', format: 'ipv4' }, '"192.168.0.256"')).toBe(false);
  });

  it('are never half a surrogate pair', () => {
    expect(accepts({ type: 'string', maxLength: 1 }, '"\\ud83d\\ude00"')).toBe(true);
    expect(accepts({ type: 'string' }, '"\\ud83d"')).toBe(false);
    expect(accepts({ type: 'string' }, '"\\ude00"')).toBe(false);
    expect(accepts({ type: 'string' }, '"\n"')).toBe(false);
  });

  it('are copied where that is asked for, but for enums and the like', () => {
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' }, unit: { enum: ['C', 'F'] }, day: { type: 'string', format: 'date' } },
    };
    const texts = ['The weather in "New York", please'];
    expect(accepts(schema, '{"city":"New York","unit":"C","day":"2024-01-01"}', texts)).toBe(true);
    expect(accepts(schema, '{"city":"Boston"}', texts)).toBe(false);
    expect(accepts({ type: 'string' }, '"anything"', [])).toBe(true);
  });
});

describe('hostile schemas', () => {
  it('of 100 kB of references end', () => {
    const defs: Record<string, JsonSchema> = {};
    for (let index = 0; index < 1500; index++)
      defs[`d${index}`] = {
        anyOf: [{ $ref: `#/$defs/d${(index + 1) % 1500}` }, { $ref: `#/$defs/d${(index * 7) % 1500}` }],
      };
    const schema = { $ref: '#/$defs/d0', $defs: defs };
    expect(accepts(schema, '1')).toBe(true);
    expect(relaxed(schema)).toContain('type');
  });

  it('that merge without end are refused or relaxed, never run for ever', () => {
    const growing = {
      type: 'object',
      properties: { a: { allOf: [{ $ref: '#' }, { properties: { a: { allOf: [{ $ref: '#' }, { $ref: '#' }] } } }] } },
    };
    expect(accepts(growing, '{"a":{"a":{}}}')).toBe(true);
    const wide = { anyOf: Array.from({ length: 50 }, () => ({ $ref: '#' })), oneOf: [{ $ref: '#' }, { $ref: '#' }] };
    expect(() => grammarFromSchema(wide, { rulePrefix: 't', path: 'p' })).not.toThrow(RangeError);
  });

  it('too large are refused with the place', () => {
    const properties = Object.fromEntries(Array.from({ length: 25_000 }, (_, index) => [`p${index}`, {}]));
    expect(() => grammarFromSchema({ type: 'object', properties }, { rulePrefix: 't', path: 'tools[0]' })).toThrow(
      expect.objectContaining({ code: 'schema_too_large', detail: { param: 'tools[0]' } }),
    );
  });

  it('with keywords of the wrong form are taken for lenient ones', () => {
    const odd = { type: 5, properties: [], required: 'x', items: 'y', anyOf: {}, enum: 'z', minLength: 'long' };
    expect(() => grammarFromSchema(odd, { rulePrefix: 't' })).not.toThrow();
  });

  it('with hundreds of costly patterns end soon', () => {
    const properties = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`p${index}`, { pattern: `(a|b)*a(a|b){${20 + index}}c` }]),
    );
    expect(relaxed({ type: 'object', properties })).toEqual(['pattern']);
  });

  it('with thousands of values or properties compile', () => {
    const values = Array.from({ length: 10_000 }, (_, index) => `value-${index}`);
    expect(accepts({ enum: values }, '"value-9999"')).toBe(true);
    const properties = Object.fromEntries(values.slice(0, 2000).map((name) => [name, { type: 'integer' }]));
    expect(accepts({ type: 'object', properties }, '{"value-3":1,"value-1999":2}')).toBe(true);
    expect(accepts({ type: 'array', minItems: 2, maxItems: 100_000 }, '[1,2,3]')).toBe(true);
  });
});
