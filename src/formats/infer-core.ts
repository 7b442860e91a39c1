/** Finds a call in what a template wrote: where its name and arguments stand, and in which shape. */

import { type ExactJson, JsonNumber, parseExact } from '../base/json.ts';
import type { ToolCall } from '../chat/message.ts';

/** A stretch of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** An object that names the tool, or a name with arguments behind it. */
export type Core =
  | { readonly kind: 'jsonCall' | 'keyCall'; readonly span: Span; readonly object: ReadonlyMap<string, ExactJson> }
  | {
      readonly kind: 'named';
      /** From the name's first letter to the arguments' last. */
      readonly span: Span;
      readonly name: Span;
      readonly args: Span;
      readonly notation: 'json' | 'other';
    };

/** The call's first occurrence from this place on; undefined if it is not there in any shape we know. */
export function findCore(text: string, call: ToolCall, from = 0): Core | undefined {
  return findObject(text, call, from) ?? findNamed(text, call, from);
}

/** Objects that a search for a call looks at. */
const maxObjects = 24;

function findObject(text: string, call: ToolCall, from: number): Core | undefined {
  let at = text.indexOf('{', from);
  for (let tries = 0; at !== -1 && tries < maxObjects; tries++, at = text.indexOf('{', at + 1)) {
    const span = jsonSpan(text, at);
    const object = span && parsedObject(text.slice(span.start, span.end));
    if (span === undefined || object === undefined) continue;
    if (isSameArguments(object.get(call.name), call)) return { kind: 'keyCall', span, object };
    const holdsName = [...object.values()].some((value) => value === call.name);
    const holdsArguments = [...object.values()].some((value) => isSameArguments(value, call));
    if (holdsName && holdsArguments) return { kind: 'jsonCall', span, object };
  }
  return undefined;
}

function findNamed(text: string, call: ToolCall, from: number): Core | undefined {
  const start = text.indexOf(call.name, from);
  if (start === -1) return undefined;
  const name = { start, end: start + call.name.length };
  const object = findArguments(text, call, name.end);
  if (object !== undefined)
    return { kind: 'named', span: { start, end: object.end }, name, args: object, notation: 'json' };
  const args = findValues(text, call, name.end);
  return args && { kind: 'named', span: { start, end: args.end }, name, args, notation: 'other' };
}

function findArguments(text: string, call: ToolCall, from: number): Span | undefined {
  const at = text.indexOf('{', from);
  const span = at === -1 ? undefined : jsonSpan(text, at);
  return span && isSameArguments(parsedObject(text.slice(span.start, span.end)), call) ? span : undefined;
}

/** From the first key to the end of the last value, whatever stands around them. */
function findValues(text: string, call: ToolCall, from: number): Span | undefined {
  const values = parsedObject(call.arguments) ?? new Map<string, ExactJson>();
  let start = -1;
  let at = from;
  for (const [key, value] of values) {
    const keyAt = text.indexOf(key, at);
    if (keyAt === -1) return undefined;
    if (start === -1) start = keyAt;
    const spelled = typeof value === 'string' ? value : '';
    const valueAt = text.indexOf(spelled, keyAt + key.length);
    if (valueAt === -1) return undefined;
    at = valueAt + spelled.length;
  }
  return start === -1 ? { start: from, end: from } : { start, end: at };
}

/** The balanced object or list that begins here. */
function jsonSpan(text: string, start: number): Span | undefined {
  let depth = 0;
  let isString = false;
  for (let at = start; at < text.length; at++) {
    const letter = text[at];
    if (isString) {
      if (letter === '\\') at++;
      else if (letter === '"') isString = false;
    } else if (letter === '"') isString = true;
    else if (letter === '{' || letter === '[') depth++;
    else if ((letter === '}' || letter === ']') && --depth === 0) return { start, end: at + 1 };
  }
  return undefined;
}

/** An object, or text that holds one, with exactly the call's arguments. */
export function isSameArguments(value: ExactJson | undefined, call: ToolCall): boolean {
  const object = typeof value === 'string' ? parsedObject(value) : value;
  return object instanceof Map && isEqual(object, parsedObject(call.arguments) ?? new Map());
}

function isEqual(one: ExactJson, other: ExactJson): boolean {
  if (one instanceof JsonNumber) return other instanceof JsonNumber && one.text === other.text;
  if (Array.isArray(one))
    return (
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, index) => isEqual(item, other[index] ?? null))
    );
  if (!(one instanceof Map)) return one === other;
  return (
    other instanceof Map &&
    one.size === other.size &&
    [...one].every(([key, value]) => other.has(key) && isEqual(value, other.get(key) ?? null))
  );
}

function parsedObject(text: string): Map<string, ExactJson> | undefined {
  try {
    const value = parseExact(text);
    return value instanceof Map ? value : undefined;
  } catch {
    return undefined;
  }
}
