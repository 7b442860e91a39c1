/** An answer as it comes in: letters with special tokens between them, read forward, with marks to go back to. */

import type { Piece } from '../chat/piece.ts';

/** A generator that waits for more of the answer wherever it yields. */
export type Waiting<Result> = Generator<undefined, Result, undefined>;

/** Stands in the text where a special token stands; a real one of these letters is told apart by its place. */
const placeholder = '\uFFFF';

const patterns = new WeakMap<ReadonlySet<string>, RegExp>();

/** One of the letters, or the placeholder: searched for by the engine's own loop, not letter by letter. */
function patternOf(stops: ReadonlySet<string>): RegExp {
  let pattern = patterns.get(stops);
  if (pattern === undefined) {
    const codes = [placeholder, ...stops].filter((stop) => stop !== '').map((stop) => stop.charCodeAt(0));
    pattern = new RegExp(`[${codes.map((code) => `\\u${code.toString(16).padStart(4, '0')}`).join('')}]`, 'g');
    patterns.set(stops, pattern);
  }
  return pattern;
}

/** Positions are UTF-16 units from the answer's start; a special token is one unit. */
export class AnswerSource {
  #text = '';
  /** The position of `#text`'s first unit. */
  #base = 0;
  #at = 0;
  /** Special tokens by position. */
  readonly #specials = new Map<number, string>();
  /** Nothing from the first of these on may be forgotten. */
  readonly #marks: number[] = [];
  /** The first half of a surrogate pair whose second half has not come. */
  #half = '';
  #ended: 'stop' | 'length' | undefined;

  push(piece: Piece): void {
    if (piece.special !== undefined) {
      this.#specials.set(this.#append(placeholder), piece.special);
    }
    if (piece.text === '') return;
    const text = this.#half + piece.text;
    const isHalved = (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;
    this.#half = isHalved ? text.slice(-1) : '';
    this.#append(isHalved ? text.slice(0, -1) : text);
  }

  end(reason: 'stop' | 'length'): void {
    this.#append(this.#half);
    this.#half = '';
    this.#ended = reason;
  }

  /** Why the answer ended, once it has. */
  get ended(): 'stop' | 'length' | undefined {
    return this.#ended;
  }

  /** Is everything read that has come so far? */
  get isDry(): boolean {
    return this.#at >= this.#base + this.#text.length;
  }

  get at(): number {
    return this.#at;
  }

  /** The letter here; undefined for a special token and where nothing is. */
  get letter(): string | undefined {
    const letter = this.#text[this.#at - this.#base];
    return letter === placeholder && this.#specials.has(this.#at) ? undefined : letter;
  }

  /** The special token here. */
  get special(): string | undefined {
    return this.isDry ? undefined : this.#specials.get(this.#at);
  }

  /** Waits for a unit to read; false if the answer has ended. */
  *more(): Waiting<boolean> {
    while (this.isDry) {
      if (this.#ended !== undefined) {
        this.metEnd = true;
        return false;
      }
      yield;
    }
    return true;
  }

  /** Has anyone wanted to read on behind the end since this was last set to false? */
  metEnd = false;

  /** What has come and is not read yet; a stand-in for each special token. */
  get rest(): string {
    return this.#text.slice(this.#at - this.#base);
  }

  /** The first so many letters of it. */
  ahead(length: number): string {
    const from = this.#at - this.#base;
    return this.#text.slice(from, from + length);
  }

  /** The same, special tokens as they are spelled. */
  get spelledRest(): string {
    return this.#spelled(this.#at, this.#base + this.#text.length);
  }

  skip(): void {
    this.#at++;
  }

  /** Moves on over letters that are not in `stops`, as far as they have come. */
  skipPlain(stops: ReadonlySet<string>): void {
    const pattern = patternOf(stops);
    pattern.lastIndex = this.#at - this.#base;
    this.#at = this.#base + (pattern.test(this.#text) ? pattern.lastIndex - 1 : this.#text.length);
  }

  /** The text from a position (not before the first mark) up to here; special tokens as they are spelled. */
  since(start: number): string {
    return this.#spelled(start, this.#at);
  }

  #spelled(start: number, end: number): string {
    const text = this.#text.slice(start - this.#base, end - this.#base);
    if (this.#specials.size === 0 || !text.includes(placeholder)) return text;
    return Array.from({ length: text.length }, (_, index) => this.#specials.get(start + index) ?? text[index]).join('');
  }

  /** Moves on to the end of what has come. */
  skipRest(): void {
    this.#at = this.#base + this.#text.length;
  }

  /** Remembers this place until `commit` or `rewind`, which undo the latest mark. */
  mark(): number {
    this.#marks.push(this.#at);
    return this.#at;
  }

  /** Forgets the latest mark and goes on from here. */
  commit(): void {
    this.#marks.pop();
  }

  /** Goes back to the latest mark and forgets it. */
  rewind(): void {
    this.#at = this.#marks.pop() ?? this.#at;
  }

  /** Adds text and returns its position; what lies before every mark is forgotten. */
  #append(text: string): number {
    const keep = Math.min(this.#marks[0] ?? this.#at, this.#at);
    for (const position of this.#specials.keys()) {
      if (position >= keep) break;
      this.#specials.delete(position);
    }
    this.#text = this.#text.slice(keep - this.#base) + text;
    this.#base = keep;
    return this.#base + this.#text.length - text.length;
  }
}
