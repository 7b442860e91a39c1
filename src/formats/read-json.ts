/** Reads one JSON value from an answer as it comes, lenient in what it passes on and strict about where it ends. */

import type { AnswerSource, Waiting } from './answer-source.ts';

/**
 * How a value ended: `whole` at its own end; `foreign` before something that cannot stand in JSON (not read);
 * `ended` with the answer.
 */
export type JsonEnd = 'whole' | 'foreign' | 'ended';

/**
 * Passes the value's text to `sink` as it comes. Single quotes where a value or key may begin are taken for quotes,
 * so that braces inside them do not count; whether the text is JSON is for the caller to find out.
 */
export function readJson(source: AnswerSource, sink: (text: string) => void): Waiting<JsonEnd> {
  return new JsonReader(source, sink).value();
}

const closers: Readonly<Record<string, string>> = { '{': '}', '[': ']' };
const quotes: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['"', new Set(['"', '\\'])],
  ["'", new Set(["'", '\\'])],
]);
const wordLetter = /[\w+.-]/;
const between = /[ \t\r\n,:]/;

class JsonReader {
  readonly #source: AnswerSource;
  readonly #sink: (text: string) => void;
  /** What from here on has been read but not passed on. */
  #start: number;

  constructor(source: AnswerSource, sink: (text: string) => void) {
    this.#source = source;
    this.#sink = sink;
    this.#start = source.at;
  }

  *value(): Waiting<JsonEnd> {
    const end = yield* this.#value();
    this.#flush();
    return end;
  }

  *#value(): Waiting<JsonEnd> {
    if (!(yield* this.#more())) return 'ended';
    const first = this.#source.letter ?? '';
    if (quotes.has(first)) return yield* this.#string(first);
    if (first in closers) return yield* this.#nested();
    if (!wordLetter.test(first)) return 'foreign';
    while ((yield* this.#more()) && wordLetter.test(this.#source.letter ?? '')) this.#source.skip();
    return 'whole';
  }

  /** An object or array: only brackets and strings count, so that no depth can overflow. */
  *#nested(): Waiting<JsonEnd> {
    const open: string[] = [];
    /** May a value or key begin here? */
    let isExpected = true;
    for (;;) {
      if (this.#source.isDry && !(yield* this.#more())) return 'ended';
      const letter = this.#source.letter ?? '';
      if (letter === '"' || (letter === "'" && isExpected)) {
        const end = yield* this.#string(letter);
        if (end !== 'whole') return end;
        isExpected = false;
        continue;
      }
      const closer = closers[letter];
      if (closer !== undefined) open.push(closer);
      else if (letter === open.at(-1)) open.pop();
      else if (!wordLetter.test(letter) && !between.test(letter)) return 'foreign';
      this.#source.skip();
      if (open.length === 0) return 'whole';
      isExpected = closer !== undefined || letter === ',' || letter === ':' || (isExpected && between.test(letter));
    }
  }

  *#string(quote: string): Waiting<JsonEnd> {
    const stops = quotes.get(quote) ?? new Set();
    this.#source.skip();
    for (;;) {
      this.#source.skipPlain(stops);
      if (this.#source.isDry && !(yield* this.#more())) return 'ended';
      const letter = this.#source.letter;
      if (letter === undefined) {
        if (this.#source.special !== undefined) return 'foreign';
        continue;
      }
      this.#source.skip();
      if (letter === quote) return 'whole';
      if (letter !== '\\') continue;
      if (!(yield* this.#more())) return 'ended';
      if (this.#source.letter !== undefined) this.#source.skip();
    }
  }

  *#more(): Waiting<boolean> {
    if (!this.#source.isDry) return true;
    this.#flush();
    const hasMore = yield* this.#source.more();
    this.#start = this.#source.at;
    return hasMore;
  }

  #flush(): void {
    if (this.#source.at > this.#start) this.#sink(this.#source.since(this.#start));
    this.#start = this.#source.at;
  }
}
