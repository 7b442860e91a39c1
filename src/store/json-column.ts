/** Reads JSON out of columns: older and damaged rows get a clear error that names the row. */

import type { Static, TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { Check, Errors, Validator } from 'typebox/schema';
import { Bug } from '../base/errors.ts';
import { isObject } from '../base/json.ts';

/** Reads the text of a column; `place` is the row's name in complaints. */
export type JsonColumn<T> = (text: string, place: string) => T;

/** The reader of a column with this schema; `defaults` fill what an older version did not write. */
export function jsonColumn<S extends TSchema>(schema: S, defaults?: object): JsonColumn<Static<S>> {
  // Compiled, since caches read whole tables: 1 µs a row instead of 25. At the first use, to start fast.
  let validator: Validator<S, Static<S>> | undefined;
  return (text, place) => {
    validator ??= new Validator<S, Static<S>>({}, schema);
    const parsed = parse(text, place);
    const value = defaults !== undefined && isObject(parsed) ? { ...defaults, ...parsed } : parsed;
    if (validator.Check(value)) return value;
    throw misshapen(place, validator.Errors(value)[1]);
  };
}

/** The value of a text with a schema that comes along with it, as in settings. */
export function readJson<S extends TSchema>(schema: S, text: string, place: string): Static<S> {
  const value = parse(text, place);
  if (Check(schema, value)) return value;
  throw misshapen(place, Errors(schema, value)[1]);
}

function parse(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged(place, `it is not JSON (${cause instanceof Error ? cause.message : String(cause)})`);
  }
}

function misshapen(place: string, [first]: readonly TLocalizedValidationError[]): Bug {
  return damaged(place, `${first?.instancePath ?? ''} ${first?.message ?? 'does not fit'}`.trim());
}

function damaged(place: string, reason: string): Bug {
  return new Bug(`The stored row ${place} cannot be read: ${reason}. Restore a backup, or delete the row.`);
}
