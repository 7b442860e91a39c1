/** JSON on one line for every reader: some split lines at Unicode's breaks too, so these are escaped. */

import type { JsonObject } from '../base/json.ts';

const lineBreaks = /[\u0085\u2028\u2029]/;
const everyLineBreak = /[\u0085\u2028\u2029]/g;

/** The value as JSON without any line break. */
export function lineText(value: string | JsonObject): string {
  const text = JSON.stringify(value);
  if (!lineBreaks.test(text)) return text;
  return text.replace(everyLineBreak, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
