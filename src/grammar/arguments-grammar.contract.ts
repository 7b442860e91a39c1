/** What the tests of all notations' grammars share. */

import { expect } from 'vitest';
import type { JsonSchema, SchemaObject } from '../schema/json-schema.ts';
import { argumentsGrammar } from './arguments-grammar.ts';
import { type Cursor, compileGrammar } from './automaton.ts';
import type { Notation } from './notation.ts';

const encoder = new TextEncoder();

/** A cursor before the arguments. */
export function start(schema: JsonSchema, notation: Notation, copyFrom?: readonly string[]): Cursor {
  const { node, rules } = argumentsGrammar(schema, notation, { rulePrefix: 't', ...(copyFrom && { copyFrom }) });
  return compileGrammar({ root: node, rules }).start();
}

/** Does the grammar take the whole text? */
export function accepts(schema: JsonSchema, notation: Notation, text: string): boolean {
  const cursor = start(schema, notation);
  return cursor.accept(encoder.encode(text)) && cursor.mayEnd();
}

/** Parts that are special tokens stand in lists of one. */
export function takes(cursor: Cursor, parts: readonly (string | readonly [string])[]): boolean {
  return parts.every((part) =>
    typeof part === 'string' ? cursor.accept(encoder.encode(part)) : cursor.acceptSpecial(part[0]),
  );
}

/** What the grammar does not enforce. */
export const relaxed = (schema: JsonSchema, notation: Notation): readonly string[] =>
  argumentsGrammar(schema, notation, { rulePrefix: 't' }).relaxed;

/** A schema of objects. */
export const object = (properties: Record<string, JsonSchema>, ...required: string[]): SchemaObject => ({
  type: 'object',
  properties,
  required,
});

/** A schema with every kind of value. */
export const weather = object(
  {
    city: { type: 'string' },
    days: { type: 'integer' },
    far: { type: 'boolean' },
    unit: { enum: ['C', 'F'] },
    tags: { type: 'array', items: { type: 'string' } },
    at: object({ lat: { type: 'number' } }, 'lat'),
  },
  'city',
);
/** A schema without properties. */
export const nothing: JsonSchema = { type: 'object', properties: {}, additionalProperties: false };

/** Texts that are arguments, and near misses. */
export function check(
  schema: JsonSchema,
  notation: Notation,
  texts: { good: readonly string[]; bad: readonly string[] },
): void {
  for (const text of texts.good) expect(accepts(schema, notation, text), text).toBe(true);
  for (const text of texts.bad) expect(accepts(schema, notation, text), text).toBe(false);
}
