/** Reads what llama-server answers: every field is checked, a wrong one is an EngineError that names it. */

import { EngineError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';

/** An answer as an object; `where` is the path it came from. */
export function readObject(text: string, where: string): Readonly<Record<string, unknown>> {
  const value = parse(text, where);
  if (isObject(value)) return value;
  throw wrong(where, 'no object', text);
}

/** A list of token ids. */
export function readIds(value: unknown, where: string): readonly number[] {
  if (!Array.isArray(value)) throw wrong(where, 'no list of token ids', value);
  return value.map((id: unknown) => readInteger(id, where));
}

/** A whole number that counts something or names a token; -1 is one of ours that came back. */
export function readInteger(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= -1 && value <= 2 ** 31) return value;
  throw wrong(where, 'no whole number', value);
}

/** The error of an answer that cannot be understood. */
export function wrong(where: string, what: string, value: unknown): EngineError {
  const internal = `${where}: ${what}: ${(JSON.stringify(value) ?? 'undefined').slice(0, 500)}`;
  return new EngineError('engine_protocol', 'llama-server answered something that cannot be understood.', { internal });
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineError('engine_protocol', 'llama-server answered something that cannot be understood.', {
      internal: `${where}: no JSON: ${text.slice(0, 500)}`,
      cause,
    });
  }
}
