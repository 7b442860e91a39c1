/** Reads regular expressions (ECMA-262) into a tree of sets, sequences, choices and repeats. */

import {
  type CodePoints,
  codePoints,
  complement,
  letterClasses,
  notLineEnd,
  type Range,
  single,
  unicodeProperty,
} from './code-points.ts';

/** A regular expression. `start` and `end` are `^` and `$`; `look`: what follows here matches (or must not). */
export type Pattern =
  | { readonly kind: 'set'; readonly set: CodePoints }
  | { readonly kind: 'sequence' | 'choice'; readonly items: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly item: Pattern; readonly min: number; readonly max: number }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'look'; readonly item: Pattern; readonly negated: boolean };

/** Longer expressions are not read. */
const maxLength = 10_000;
/** Groups inside each other. */
const maxDepth = 100;

/** Undefined for what is no regular language (back references), for word boundaries, and for what cannot be read. */
export function parsePattern(source: string): Pattern | undefined {
  if (source.length > maxLength) return undefined;
  return new PatternReader(source).whole();
}

/** What is not understood ends the reading. */
const unknown = undefined;

const controlEscapes: ReadonlyMap<string, number> = new Map([
  ['t', 9],
  ['n', 10],
  ['v', 11],
  ['f', 12],
  ['r', 13],
  ['0', 0],
]);

class PatternReader {
  /** Code points, so that a surrogate pair is one character. */
  readonly #letters: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#letters = [...source];
  }

  whole(): Pattern | undefined {
    const pattern = this.#choice();
    return this.#at === this.#letters.length ? pattern : unknown;
  }

  #peek(ahead = 0): string {
    return this.#letters[this.#at + ahead] ?? '';
  }

  #takes(text: string): boolean {
    const letters = [...text];
    if (!letters.every((letter, index) => this.#peek(index) === letter)) return false;
    this.#at += letters.length;
    return true;
  }

  #choice(): Pattern | undefined {
    if (++this.#depth > maxDepth) return unknown;
    const items: Pattern[] = [];
    do {
      const item = this.#sequence();
      if (item === unknown) return unknown;
      items.push(item);
    } while (this.#takes('|'));
    this.#depth--;
    const [only] = items;
    return items.length === 1 ? only : { kind: 'choice', items };
  }

  #sequence(): Pattern | undefined {
    const items: Pattern[] = [];
    while (this.#at < this.#letters.length && this.#peek() !== '|' && this.#peek() !== ')') {
      const atom = this.#atom();
      const item = atom === unknown ? unknown : this.#quantified(atom);
      if (item === unknown) return unknown;
      items.push(item);
    }
    return { kind: 'sequence', items };
  }

  #atom(): Pattern | undefined {
    const letter = this.#peek();
    this.#at++;
    switch (letter) {
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '.':
        return { kind: 'set', set: notLineEnd };
      case '(':
        return this.#group();
      case '[':
        return asPattern(this.#class());
      case '\\':
        return asPattern(this.#escape(false));
      case '*':
      case '+':
      case '?':
        return unknown;
      default:
        return { kind: 'set', set: single(letter) };
    }
  }

  #group(): Pattern | undefined {
    let look: boolean | undefined;
    if (this.#takes('?')) {
      if (this.#takes('=')) look = false;
      else if (this.#takes('!')) look = true;
      else if (!this.#takes(':') && !this.#takesName()) return unknown;
    }
    const item = this.#choice();
    if (item === unknown || !this.#takes(')')) return unknown;
    return look === undefined ? item : { kind: 'look', item, negated: look };
  }

  /** `<name>`; look-behind, which begins alike, is not understood. */
  #takesName(): boolean {
    if (this.#peek() !== '<' || this.#peek(1) === '=' || this.#peek(1) === '!') return false;
    while (this.#at < this.#letters.length && this.#peek() !== '>') this.#at++;
    return this.#takes('>');
  }

  #quantified(item: Pattern): Pattern | undefined {
    const bounds = this.#quantifier();
    if (bounds === undefined) return item;
    // Lazy or greedy is the same language.
    this.#takes('?');
    const isLook = item.kind === 'look' || item.kind === 'start' || item.kind === 'end';
    if (isLook || bounds.min > bounds.max || this.#quantifier() !== undefined) return unknown;
    return { kind: 'repeat', item, ...bounds };
  }

  #quantifier(): { min: number; max: number } | undefined {
    if (this.#takes('*')) return { min: 0, max: Infinity };
    if (this.#takes('+')) return { min: 1, max: Infinity };
    if (this.#takes('?')) return { min: 0, max: 1 };
    if (this.#peek() !== '{') return undefined;
    const text = this.#letters.slice(this.#at, this.#at + 24).join('');
    const [whole, low, comma, high] = /^\{(\d{1,9})(,?)(\d{0,9})\}/.exec(text) ?? [];
    if (whole === undefined || (comma === '' && high !== '')) return undefined;
    this.#at += whole.length;
    const min = Number(low);
    return { min, max: comma === '' ? min : high === '' ? Infinity : Number(high) };
  }

  /** Behind `[`. */
  #class(): CodePoints | undefined {
    const isNegated = this.#takes('^');
    const ranges: Range[] = [];
    while (!this.#takes(']')) {
      if (this.#at >= this.#letters.length) return unknown;
      const from = this.#classAtom();
      if (from === unknown) return unknown;
      const isRange =
        this.#peek() === '-' && this.#peek(1) !== ']' && from.length === 1 && from[0]?.[0] === from[0]?.[1];
      if (!isRange) {
        ranges.push(...from);
        continue;
      }
      this.#at++;
      const to = this.#classAtom();
      const [first, last] = [from[0]?.[0] ?? 0, to?.[0]?.[1]];
      if (to === unknown || last === undefined) return unknown;
      // `[a-\d]` is a, minus and digits.
      if (to.length !== 1 || to[0]?.[0] !== last) ranges.push(...from, ...single('-'), ...to);
      else if (first > last) return unknown;
      else ranges.push([first, last]);
    }
    const set = codePoints(ranges);
    return isNegated ? complement(set) : set;
  }

  #classAtom(): CodePoints | undefined {
    const letter = this.#peek();
    this.#at++;
    return letter === '\\' ? this.#escape(true) : single(letter);
  }

  /** Behind a backslash. */
  #escape(isInClass: boolean): CodePoints | undefined {
    const letter = this.#peek();
    this.#at++;
    const named = letterClasses.get(letter);
    if (named !== undefined) return named;
    if (letter === '0' && /\d/.test(this.#peek())) return unknown;
    const control = controlEscapes.get(letter) ?? (isInClass && letter === 'b' ? 8 : undefined);
    if (control !== undefined) return [[control, control]];
    if (letter === 'c' && /[A-Za-z]/.test(this.#peek())) {
      const point = (this.#peek().codePointAt(0) ?? 0) % 32;
      this.#at++;
      return [[point, point]];
    }
    if (letter === 'x') return this.#hex(2);
    if (letter === 'u') return this.#unicode();
    if (letter === 'p' || letter === 'P') return this.#property(letter === 'P');
    // Boundaries, back references, and letters that mean nothing in ECMA-262 but something elsewhere (`\A`, `\Z`).
    return letter === '' || /[A-Za-z0-9]/.test(letter) ? unknown : single(letter);
  }

  #hex(length: number): CodePoints | undefined {
    const point = this.#hexNumber(length);
    return point === undefined ? unknown : codePoints([[point, point]]);
  }

  #hexNumber(length: number): number | undefined {
    const text = this.#letters.slice(this.#at, this.#at + length).join('');
    if (text.length !== length || !/^[0-9a-fA-F]+$/.test(text)) return undefined;
    this.#at += length;
    return Number.parseInt(text, 16);
  }

  #unicode(): CodePoints | undefined {
    if (this.#takes('{')) {
      const text = this.#letters.slice(this.#at, this.#at + 9).join('');
      const [whole, digits] = /^([0-9a-fA-F]{1,6})\}/.exec(text) ?? [];
      if (whole === undefined || digits === undefined) return unknown;
      this.#at += whole.length;
      const point = Number.parseInt(digits, 16);
      return codePoints([[point, point]]);
    }
    const point = this.#hexNumber(4);
    if (point === undefined) return unknown;
    if (point < 0xd800 || point > 0xdbff || !this.#takes('\\u')) return codePoints([[point, point]]);
    const low = this.#hexNumber(4);
    if (low === undefined || low < 0xdc00 || low > 0xdfff) return unknown;
    const pair = 0x10000 + (point - 0xd800) * 0x400 + (low - 0xdc00);
    return [[pair, pair]];
  }

  #property(isNegated: boolean): CodePoints | undefined {
    const text = this.#letters.slice(this.#at, this.#at + 90).join('');
    const [whole, name] = /^\{([^{}]*)\}/.exec(text) ?? [];
    const set = name === undefined ? undefined : unicodeProperty(name);
    if (whole === undefined || set === undefined) return unknown;
    this.#at += whole.length;
    return isNegated ? complement(set) : set;
  }
}

function asPattern(set: CodePoints | undefined): Pattern | undefined {
  return set === undefined ? unknown : { kind: 'set', set };
}
