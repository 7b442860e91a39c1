/** Regular expressions of strangers, run in time linear in the text. */

import { RE2JS } from 're2js';
import { textsWith } from './pattern-automaton.ts';
import { parsePattern } from './pattern-syntax.ts';
import { holdsText, type TextAutomaton } from './text-automaton.ts';

/** A compiled `pattern`. */
export interface Pattern {
  /** Is there a match anywhere in the text? */
  matches(text: string): boolean;
  /** All texts in which there is one; absent where that is not known. */
  readonly texts?: TextAutomaton;
}

/** Longer patterns are not compiled. */
const maxLength = 5_000;
/** Longer texts are not searched. */
const maxTextLength = 100_000;
const maxKept = 500;
const kept = new Map<string, Pattern | undefined>();

/** Undefined for what needs backtracking (back references, most look-around), and for patterns too large. */
export function compilePattern(source: string): Pattern | undefined {
  if (kept.has(source)) return kept.get(source);
  const pattern = source.length > maxLength ? undefined : compile(source);
  if (kept.size >= maxKept) kept.clear();
  kept.set(source, pattern);
  return pattern;
}

function compile(source: string): Pattern | undefined {
  const parsed = parsePattern(source);
  const texts = parsed && textsWith(parsed);
  if (texts !== undefined) return { matches: (text) => holdsText(texts, text), texts };
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(source));
    return { matches: (text) => text.length > maxTextLength || compiled.test(text) };
  } catch {
    // Not an error of the caller: the pattern is legal, only this engine cannot run it.
    return undefined;
  }
}
