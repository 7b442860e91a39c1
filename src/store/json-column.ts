/** Reads JSON out of columns: older and damaged rows get a clear error that names the row. */

import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { Bug } from '../base/errors.ts';
import { isObject } from '../base/json.ts';

/** The value of a column as its schema says; `defaults` fill what an older version did not write. */
export function readJson<S extends TSchema>(
  schema: S,
  text: string,
  at: { readonly place: string; readonly defaults?: object },
): Static<S> {
  const parsed = parse(text, at.place);
  const value = isObject(parsed) ? { ...at.defaults, ...parsed } : parsed;
  if (Value.Check(schema, value)) return value;
  const [first] = Value.Errors(schema, value);
  throw damaged(at.place, `${first?.instancePath ?? ''} ${first?.message ?? 'does not fit'}`.trim());
}

function parse(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged(place, `it is not JSON (${cause instanceof Error ? cause.message : String(cause)})`);
  }
}

function damaged(place: string, reason: string): Bug {
  return new Bug(`The stored row ${place} cannot be read: ${reason}. Restore a backup, or delete the row.`);
}
