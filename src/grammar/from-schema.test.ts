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
    for (const [minimum, maximum] of [
      [0, 9],
      [-5, 5],
      [17, 423],
      [-423, -17],
      [99, 100],
      [0, 0],
      [-1, 0],
    ] as const)
      for (let value = -1100; value <= 1100; value++) {
        const isInside = value >= minimum && value <= maximum;
        if (accepts({ type: 'integer', minimum, maximum }, String(value)) !== isInside)
          throw new Error(`${value} in ${minimum}..${maximum}`);
      }
  }, 60_000);
});
