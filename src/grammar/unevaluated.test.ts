import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../schema/json-schema.ts';
import { compileGrammar } from './automaton.ts';
import { grammarFromSchema } from './from-schema.ts';

const text = { type: 'string' };

function read(schema: JsonSchema, json: string): { isAccepted: boolean; relaxed: readonly string[] } {
  const { node, rules, relaxed } = grammarFromSchema(schema, { rulePrefix: 't' });
  const cursor = compileGrammar({ root: node, rules }).start();
  return { isAccepted: cursor.accept(new TextEncoder().encode(json)) && cursor.mayEnd(), relaxed };
}

describe('unevaluated properties and items', () => {
  const strict = { type: 'object', properties: { a: text }, unevaluatedProperties: false };

  it('are enforced where it does not depend on the value what is evaluated', () => {
    expect(read(strict, '{"a":"x"}')).toEqual({ isAccepted: true, relaxed: [] });
    expect(read(strict, '{"b":"x"}')).toEqual({ isAccepted: false, relaxed: [] });
    const numbers = { ...strict, unevaluatedProperties: { type: 'integer' } };
    expect(read(numbers, '{"a":"x","b":1}')).toEqual({ isAccepted: true, relaxed: [] });
    expect(read(numbers, '{"a":"x","b":"y"}')).toEqual({ isAccepted: false, relaxed: [] });
    const list = { type: 'array', prefixItems: [text], unevaluatedItems: { type: 'null' } };
    expect(read(list, '["x",null]')).toEqual({ isAccepted: true, relaxed: [] });
    expect(read(list, '["x",1]')).toEqual({ isAccepted: false, relaxed: [] });
  });

  it('count what stands behind references and in `allOf`, each from its own place', () => {
    const $defs = { b: { properties: { b: text } } };
    for (const schema of [
      { ...strict, $ref: '#/$defs/b', $defs },
      { ...strict, allOf: [{ $ref: '#/$defs/b' }], $defs },
    ])
      expect(read(schema, '{"a":"x","b":"y"}')).toEqual({ isAccepted: true, relaxed: [] });
    const cousins = { allOf: [strict, { type: 'object', properties: { b: text } }] };
    expect(read(cousins, '{"b":"y"}')).toEqual({ isAccepted: false, relaxed: [] });
  });

  it('are listed where it does', () => {
    const schema = { ...strict, anyOf: [{ properties: { b: text }, required: ['b'] }, { required: ['a'] }] };
    expect(read(schema, '{"a":"x","b":"y"}')).toEqual({ isAccepted: true, relaxed: ['unevaluatedProperties'] });
    const nested = { allOf: [{ ...strict, not: { required: ['c'] } }], properties: { b: text } };
    expect(read(nested, '{}').relaxed).toContain('unevaluatedProperties');
  });
});
