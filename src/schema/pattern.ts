/** Regular expressions of strangers, run in time linear in the text. */

import { RE2JS } from 're2js';

/** A compiled `pattern`. */
export interface Pattern {
  /** Is there a match anywhere in the text? */
  matches(text: string): boolean;
}

/** Longer patterns are not compiled. */
const maxLength = 5_000;
/** Longer texts are not searched. */
const maxTextLength = 100_000;
const maxKept = 500;
const kept = new Map<string, Pattern | undefined>();

/** Undefined for what needs backtracking (look-around, back references), and for patterns too large. */
export function compilePattern(source: string): Pattern | undefined {
  if (kept.has(source)) return kept.get(source);
  const pattern = source.length > maxLength ? undefined : compile(source);
  if (kept.size >= maxKept) kept.clear();
  kept.set(source, pattern);
  return pattern;
}

function compile(source: string): Pattern | undefined {
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(source));
    return { matches: (text) => text.length > maxTextLength || compiled.test(text) };
  } catch {
    // Not an error of the caller: the pattern is legal, only this engine cannot run it.
    return undefined;
  }
}
