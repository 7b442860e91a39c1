/** Coerces JSON without losing what plain JavaScript loses: numbers' text and the order of properties. */

import { type ExactJson, JsonNumber, parseExact, toPlain } from '../base/json.ts';
import { bareName, coerce } from './coerce.ts';
import type { JsonSchema } from './json-schema.ts';

/** The value to use, and what was done to it. */
export interface ExactlyCoerced {
  readonly value: ExactJson;
  readonly changes: readonly string[];
}

/** As `coerce`; whatever is not changed stays as it was written. */
export function coerceExact(schema: JsonSchema, written: ExactJson): ExactlyCoerced {
  const { value, changes } = coerce(schema, toPlain(written));
  return changes.length === 0 ? { value: written, changes } : { value: restore(value, written), changes };
}

/** The coerced value with the spellings of what it was made from. */
function restore(value: unknown, written: ExactJson | undefined): ExactJson {
  if (Array.isArray(value)) return restoreItems(value, written);
  if (typeof value === 'object' && value !== null) return restoreMembers(value, written);
  if (typeof value === 'number')
    return written instanceof JsonNumber ? written : new JsonNumber(spellingOf(value, written));
  if (typeof value === 'string') return written instanceof JsonNumber ? written.text : value;
  return typeof value === 'boolean' ? value : null;
}

function restoreItems(value: readonly unknown[], written: ExactJson | undefined): ExactJson {
  const source = typeof written === 'string' ? (readExact(written) ?? written) : written;
  if (Array.isArray(source)) return value.map((item, index) => restore(item, source[index]));
  // A single value was put into a list of its own.
  return value.map((item) => restore(item, written));
}

function restoreMembers(value: object, written: ExactJson | undefined): ExactJson {
  const source = typeof written === 'string' ? readExact(written) : written;
  const kept = source instanceof Map ? source : new Map<string, ExactJson>();
  const members = new Map(Object.entries(value));
  const ordered = [...kept.keys()].filter((key) => members.has(key));
  const added = [...members.keys()].filter((key) => !kept.has(key));
  const renamed = new Map(
    [...kept].flatMap(([key, item]) => (members.has(key) ? [] : [[bareName(key), item] as const])),
  );
  const writtenOf = (key: string) => kept.get(key) ?? renamed.get(bareName(key));
  return new Map([...ordered, ...added].map((key) => [key, restore(members.get(key), writtenOf(key))]));
}

/** A number that was a string keeps that string's digits where they are JSON's. */
function spellingOf(value: number, written: ExactJson | undefined): string {
  const text = typeof written === 'string' ? written.trim().replace(/^\+/, '') : '';
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? text : JSON.stringify(value);
}

function readExact(text: string): ExactJson | undefined {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}
