/** One text for equal JSON values, so that equality and uniqueness cost one comparison of texts. */

import { isObject } from '../base/json.ts';

/** Keys sorted; numbers by value (`1.0` equals `1`). */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  if (!isObject(value)) return JSON.stringify(value === 0 ? 0 : value) ?? 'null';
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalText(value[key])}`).join()}}`;
}
