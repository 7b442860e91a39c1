import { describe, expect, it } from 'vitest';
import type { JsonSchema } from './json-schema.ts';
import { normaliseSchema } from './normalise-schema.ts';
import { validate } from './validate.ts';

const problems = (schema: JsonSchema, value: unknown) =>
  validate(normaliseSchema(schema), value).map(({ path, keyword }) => `${path} ${keyword}`);

describe('what is not evaluated', () => {
  const text = { type: 'string' };
  const base = { properties: { a: text }, unevaluatedProperties: false };

  it('is what no schema beside speaks of, wherever it stands', () => {
    const schema = { ...base, allOf: [{ $ref: '#/$defs/b' }], $defs: { b: { properties: { b: text } } } };
    expect(problems(schema, { a: 'x', b: 'y' })).toEqual([]);
    expect(problems(schema, { a: 'x', c: 'y' })).toEqual(['c unevaluatedProperties']);
  });

  it('depends on the alternatives that hold', () => {
    const kind = (name: string, own: string) => ({
      properties: { kind: { const: name }, [own]: text },
      required: ['kind'],
    });
    const schema = { ...base, anyOf: [kind('one', 'first'), kind('two', 'second')] };
    expect(problems(schema, { a: 'x', kind: 'one', first: 'y' })).toEqual([]);
    expect(problems(schema, { a: 'x', kind: 'one', second: 'y' })).toEqual(['second unevaluatedProperties']);
    const conditional = {
      ...base,
      if: { required: ['x'] },
      then: { properties: { x: true } },
      else: { properties: { y: true } },
    };
    expect(problems(conditional, { x: 1 })).toEqual([]);
    expect(problems(conditional, { y: 1 })).toEqual([]);
    expect(problems(conditional, { x: 1, y: 1 })).toEqual(['y unevaluatedProperties']);
  });

  it('is seen from each schema by itself', () => {
    const schema = { allOf: [base, { properties: { b: text } }] };
    expect(problems(schema, { b: 'y' })).toEqual(['b unevaluatedProperties']);
  });

  it('may be held to a schema, in lists too', () => {
    const list = { prefixItems: [text], contains: { const: 7 }, unevaluatedItems: { type: 'boolean' } };
    expect(problems(list, ['x', 7, true])).toEqual([]);
    expect(problems(list, ['x', 7, 'y'])).toEqual(['[2] type']);
  });

  it('is looked for within bounds, however alternatives are nested', () => {
    const level = (depth: number): JsonSchema => {
      const inner = { $ref: `#/$defs/d${depth + 1}` };
      const anyOf = [inner, { not: inner, properties: { [`p${depth}`]: true } }];
      return { anyOf, unevaluatedProperties: false };
    };
    const levels = Array.from({ length: 200 }, (_, depth): [string, JsonSchema] => [`d${depth}`, level(depth)]);
    const schema = { $ref: '#/$defs/d0', $defs: Object.fromEntries([...levels, ['d200', true]]) };
    expect(validate(schema, { p1: 1, q: 2 })).not.toEqual([]);
    const rounds = {
      $ref: '#/$defs/a',
      $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } },
      unevaluatedProperties: false,
    };
    expect(problems(rounds, { x: 1 })).toEqual(['x unevaluatedProperties']);
  });
});

describe('a dynamic reference', () => {
  const tree = (extra: object) => ({
    $id: 'https://example.com/strict',
    $dynamicAnchor: 'node',
    $ref: 'tree',
    ...extra,
    $defs: {
      tree: {
        $id: 'tree',
        $dynamicAnchor: 'node',
        type: 'object',
        properties: { data: true, children: { type: 'array', items: { $dynamicRef: '#node' } } },
      },
    },
  });

  it('means the outermost schema of that name', () => {
    const value = { children: [{ daat: 1 }] };
    expect(problems(tree({}), value)).toEqual([]);
    expect(problems(tree({ unevaluatedProperties: false }), value)).toEqual(['children[0].daat unevaluatedProperties']);
  });

  it('is like any other where only one schema bears the name', () => {
    const schema = {
      type: 'array',
      items: { $dynamicRef: '#item' },
      $defs: { item: { $dynamicAnchor: 'item', type: 'string' } },
    };
    expect(normaliseSchema(schema)).toMatchObject({ items: { $ref: '#/%24defs/item' } });
    expect(problems(schema, ['x', 1])).toEqual(['[1] type']);
  });
});
