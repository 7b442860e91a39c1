/** JSON that keeps what plain JavaScript loses: property order and the text of numbers. */

import { RequestError } from './errors.ts';

/** Plain JSON, for everything whose numbers and key order need no care (requests, schemas). */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A plain JSON object. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A number as it was written (`1.0`, `-0`, `12345678901234567890`). */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** JSON as written: objects are maps in source order (a repeated key keeps its first place, last value). */
export type ExactJson = null | boolean | string | JsonNumber | ExactJson[] | Map<string, ExactJson>;

/** Is this a plain object (not null, not an array)? */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Nesting beyond this is refused everywhere, so that no recursion of ours can overflow. */
export const maxDepth = 128;

/** Parses JSON exactly; throws SyntaxError (with the offset) on bad text and on nesting beyond `maxDepth`. */
export function parseExact(text: string): ExactJson {
  return new ExactReader(text).whole();
}

/** Prints exact JSON; `style` decides blanks after `,` and `:` (Python's default has them, JSON.stringify's has not). */
export function printExact(value: ExactJson, style: 'compact' | 'spaced' = 'compact'): string {
  const comma = style === 'spaced' ? ', ' : ',';
  const colon = style === 'spaced' ? ': ' : ':';
  const print = (node: ExactJson): string => {
    if (node instanceof JsonNumber) return node.text;
    if (Array.isArray(node)) return `[${node.map(print).join(comma)}]`;
    if (node instanceof Map)
      return `{${[...node].map(([key, item]) => JSON.stringify(key) + colon + print(item)).join(comma)}}`;
    return JSON.stringify(node);
  };
  return print(value);
}

/** Exact JSON as plain JavaScript (numbers become doubles; keys as own properties, `__proto__` included). */
export function toPlain(value: ExactJson): Json {
  if (value instanceof JsonNumber) return Number(value.text);
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, toPlain(item)]));
  return value;
}

/** Does this value nest deeper than `limit`? Iterative, so it is safe on anything JSON.parse accepts. */
export function isDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue;
      for (const child of Object.values(item)) if (typeof child === 'object' && child !== null) next.push(child);
    }
    level = next;
  }
  return false;
}

/** Parses a request body; a clear RequestError for bad JSON and for nesting beyond `maxDepth`. */
export function parseBody(text: string): unknown {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RequestError('invalid_json', `The body is not valid JSON: ${reason}`, { cause });
  }
  if (isDeeperThan(body, maxDepth))
    throw new RequestError('json_too_deep', `The body nests more than ${maxDepth} levels.`);
  return body;
}

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const literals: ReadonlyArray<readonly [string, null | boolean]> = [
  ['null', null],
  ['true', true],
  ['false', false],
];

class ExactReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): ExactJson {
    const value = this.#value(0);
    this.#blank();
    if (this.#at < this.#text.length) throw this.#error('unexpected text after the value');
    return value;
  }

  #value(depth: number): ExactJson {
    if (depth > maxDepth) throw this.#error(`more than ${maxDepth} levels`);
    this.#blank();
    const first = this.#text[this.#at];
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (first === '"') return this.#string();
    for (const [word, value] of literals) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#number();
  }

  #object(depth: number): ExactJson {
    const map = new Map<string, ExactJson>();
    this.#at++;
    this.#blank();
    if (this.#take('}')) return map;
    do {
      this.#blank();
      if (this.#text[this.#at] !== '"') throw this.#error('a property name must be a string');
      const key = this.#string();
      this.#blank();
      if (!this.#take(':')) throw this.#error("':' is missing");
      map.set(key, this.#value(depth + 1));
      this.#blank();
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#error("'}' is missing");
    return map;
  }

  #array(depth: number): ExactJson {
    const items: ExactJson[] = [];
    this.#at++;
    this.#blank();
    if (this.#take(']')) return items;
    do {
      items.push(this.#value(depth + 1));
      this.#blank();
    } while (this.#take(','));
    if (!this.#take(']')) throw this.#error("']' is missing");
    return items;
  }

  #string(): string {
    const start = this.#at;
    for (let i = start + 1; i < this.#text.length; i++) {
      const char = this.#text[i];
      if (char === '\\') i++;
      else if (char === '"') {
        this.#at = i + 1;
        const parsed: unknown = JSON.parse(this.#text.slice(start, i + 1));
        return String(parsed);
      }
    }
    throw this.#error('a string is not closed');
  }

  #number(): JsonNumber {
    numberPattern.lastIndex = this.#at;
    const found = numberPattern.exec(this.#text)?.[0];
    if (found === undefined) throw this.#error('a value is missing');
    this.#at += found.length;
    return new JsonNumber(found);
  }

  #blank(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #error(what: string): SyntaxError {
    return new SyntaxError(`${what} at offset ${this.#at}`);
  }
}
