/** Regular expressions of strangers, run in time linear in the text. */

import { RE2JS } from 're2js';
import { textsWith } from './pattern-automaton.ts';
import { type PatternSearch, searchFor } from './pattern-search.ts';
import { type Pattern as ParsedPattern, parsePattern } from './pattern-syntax.ts';
import { holdsText, type TextAutomaton } from './text-automaton.ts';

/** A compiled `pattern`. */
export interface Pattern {
  /** Is there a match anywhere in the text? */
  matches(text: string): boolean;
  /** All texts in which there is one, worked out when asked for; undefined where that is not known. */
  readonly texts: TextAutomaton | undefined;
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
  const search = parsed && searchFor(parsed);
  if (parsed !== undefined && search !== undefined) return new RegularPattern(parsed, search);
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(source));
    return { matches: (text) => text.length > maxTextLength || compiled.test(text), texts: undefined };
  } catch {
    // Not an error of the caller: the pattern is legal, only this engine cannot run it.
    return undefined;
  }
}

/** Letters times steps beyond which the automaton of all texts is worth its cost. */
const maxSearch = 200_000;

/** A pattern of which both are known: how to look for it, and, if it is not too large, all texts that hold it. */
class RegularPattern implements Pattern {
  readonly #parsed: ParsedPattern;
  readonly #search: PatternSearch;
  #texts: { readonly found: TextAutomaton | undefined } | undefined;

  constructor(parsed: ParsedPattern, search: PatternSearch) {
    this.#parsed = parsed;
    this.#search = search;
  }

  get texts(): TextAutomaton | undefined {
    this.#texts ??= { found: textsWith(this.#parsed) };
    return this.#texts.found;
  }

  matches(text: string): boolean {
    const isLong = text.length * this.#search.size > maxSearch;
    const texts = isLong ? this.texts : this.#texts?.found;
    if (texts !== undefined) return holdsText(texts, text);
    return text.length > maxTextLength || this.#search.matches(text);
  }
}
