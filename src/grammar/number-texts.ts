/** The decimal texts of numbers within bounds, and of multiples; without exponents. */

import { textsWith } from '../schema/pattern-automaton.ts';
import type { Pattern } from '../schema/pattern-syntax.ts';
import { type Edge, type TextAutomaton, type TextState, trimmed } from '../schema/text-automaton.ts';

/** A number without sign, digit by digit: `whole.fraction`, no needless zeros. */
interface Decimal {
  readonly whole: string;
  readonly fraction: string;
}

/** Digits before the point, and behind it where no bound is near. */
const maxDigits = 32;
/** Decimals of so many digits are told apart as doubles too. */
const exactDigits = 15;

const digit: Pattern = { kind: 'set', set: [[0x30, 0x39]] };
const nothing: Pattern = { kind: 'sequence', items: [] };
const never: Pattern = { kind: 'choice', items: [] };
const row = (...items: readonly Pattern[]): Pattern => ({ kind: 'sequence', items });
const either = (...items: readonly Pattern[]): Pattern => ({ kind: 'choice', items });
const times = (item: Pattern, min: number, max: number): Pattern =>
  max < min ? never : { kind: 'repeat', item, min, max };
const maybe = (item: Pattern): Pattern => times(item, 0, 1);
const letters = (value: string): Pattern => row(...[...value].map((letter) => digits(letter, letter)));
const zero = letters('0');

function digits(from: string, to: string): Pattern {
  return from > to ? never : { kind: 'set', set: [[from.charCodeAt(0), to.charCodeAt(0)]] };
}

const next = (value: string): string => String(Number(value) + 1);
const previous = (value: string): string => String(Number(value) - 1);

/** A bound, and whether the number itself is allowed. */
export interface Bound {
  readonly value: number;
  readonly isOpen: boolean;
}

/** Decimals of at least this much; undefined if the bound has too many digits. */
export function textsFrom(bound: Bound, type: 'integer' | 'number'): TextAutomaton | undefined {
  const limit = toDecimal(Math.abs(bound.value));
  const side = limit && new Side(limit, bound.isOpen, type);
  if (side === undefined || !side.isExact) return undefined;
  const { value } = bound;
  // -0 is 0: below zero begins only behind it.
  if (value >= 0) return whole(side.above());
  return whole(either(anyOf(type), row(letters('-'), side.below())));
}

/** Decimals of at most this much; undefined if the bound has too many digits. */
export function textsUpTo(bound: Bound, type: 'integer' | 'number'): TextAutomaton | undefined {
  const limit = toDecimal(Math.abs(bound.value));
  const side = limit && new Side(limit, bound.isOpen, type);
  if (side === undefined || !side.isExact) return undefined;
  const isBelowZero = bound.value < 0 || (bound.value === 0 && bound.isOpen);
  if (isBelowZero) return whole(row(letters('-'), side.above()));
  return whole(either(row(letters('-'), anyOf(type)), side.below()));
}

function whole(pattern: Pattern): TextAutomaton | undefined {
  return textsWith(row({ kind: 'start' }, pattern, { kind: 'end' }));
}

/** Any number of 0 or more. */
function anyOf(type: 'integer' | 'number'): Pattern {
  const natural = either(zero, row(digits('1', '9'), times(digit, 0, maxDigits - 1)));
  return type === 'integer' ? natural : row(natural, maybe(row(letters('.'), times(digit, 1, maxDigits))));
}

/** What lies above and below a number without sign. */
class Side {
  readonly #limit: Decimal;
  readonly #isOpen: boolean;
  readonly #type: 'integer' | 'number';
  /** Digits behind the point: so few beside an open bound that no decimal is rounded onto it. */
  readonly #places: number;
  readonly isExact: boolean;

  constructor(limit: Decimal, isOpen: boolean, type: 'integer' | 'number') {
    this.#limit = limit;
    this.#isOpen = isOpen;
    this.#type = type;
    this.#places = isOpen ? exactDigits - limit.whole.length : maxDigits;
    this.isExact = limit.whole.length <= exactDigits && limit.fraction.length < this.#places;
  }

  above(): Pattern {
    const { whole, fraction } = this.#limit;
    const more = row(naturalFrom(String(BigInt(whole) + 1n)), this.#anyFraction());
    if (this.#type === 'integer') return fraction === '' && !this.#isOpen ? either(letters(whole), more) : more;
    return either(row(letters(whole), this.#fractionFrom(fraction)), more);
  }

  below(): Pattern {
    const { whole, fraction } = this.#limit;
    const less = whole === '0' ? never : row(naturalTo(String(BigInt(whole) - 1n)), this.#anyFraction());
    if (this.#type === 'integer') return fraction === '' && this.#isOpen ? less : either(letters(whole), less);
    return either(row(letters(whole), this.#fractionTo(fraction)), less);
  }

  #anyFraction(): Pattern {
    return this.#type === 'integer' ? nothing : maybe(row(letters('.'), times(digit, 1, this.#places)));
  }

  #fractionFrom(fraction: string): Pattern {
    if (fraction === '') return this.#isOpen ? row(letters('.'), this.#positive(0)) : this.#anyFraction();
    return row(letters('.'), this.#digitsFrom(fraction, 0));
  }

  #digitsFrom(fraction: string, at: number): Pattern {
    const here = fraction.charAt(at);
    const rest = times(digit, 0, this.#places - at - 1);
    if (at === fraction.length) return this.#isOpen ? this.#positive(at) : times(digit, 0, this.#places - at);
    return either(row(digits(next(here), '9'), rest), row(letters(here), this.#digitsFrom(fraction, at + 1)));
  }

  /** Digits of which one is not zero. */
  #positive(at: number): Pattern {
    const room = Math.max(0, this.#places - at - 1);
    const before = Math.floor(room / 2);
    return row(times(zero, 0, before), digits('1', '9'), times(digit, 0, room - before));
  }

  #fractionTo(fraction: string): Pattern {
    const zeros = maybe(row(letters('.'), times(zero, 1, this.#places)));
    if (fraction === '') return this.#isOpen ? never : zeros;
    return maybe(row(letters('.'), this.#digitsTo(fraction, 0)));
  }

  #digitsTo(fraction: string, at: number): Pattern {
    const here = fraction.charAt(at);
    const rest = times(digit, 0, this.#places - at - 1);
    const isLast = at === fraction.length - 1;
    const after = !isLast ? maybe(this.#digitsTo(fraction, at + 1)) : this.#isOpen ? never : times(zero, 0, 15);
    const less = here === '0' ? never : row(digits('0', previous(here)), rest);
    return either(less, row(letters(here), after));
  }
}

function naturalFrom(low: string): Pattern {
  const longer = row(digits('1', '9'), times(digit, low.length, maxDigits));
  return either(sameLengthFrom(low), longer);
}

function sameLengthFrom(low: string): Pattern {
  const here = low.charAt(0);
  if (here === '') return nothing;
  const above = here === '9' ? never : row(digits(next(here), '9'), times(digit, low.length - 1, low.length - 1));
  return either(above, row(letters(here), sameLengthFrom(low.slice(1))));
}

function naturalTo(high: string): Pattern {
  if (high === '0') return zero;
  const shorter = high.length === 1 ? never : row(digits('1', '9'), times(digit, 0, high.length - 2));
  return either(zero, shorter, sameLengthTo(high, '1'));
}

function sameLengthTo(high: string, first: string): Pattern {
  const here = high.charAt(0);
  if (here === '') return nothing;
  const count = high.length - 1;
  const below = here <= first ? never : row(digits(first, previous(here)), times(digit, count, count));
  return either(below, here < first ? never : row(letters(here), sameLengthTo(high.slice(1), '0')));
}

/** A number of 0 or more without exponent; undefined if it is too long to write out. */
function toDecimal(value: number): Decimal | undefined {
  const [, head = '0', tail = '', power = '0'] = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  const shift = Number(power);
  if (!Number.isFinite(value) || Math.abs(shift) > maxDigits) return undefined;
  const all = `${'0'.repeat(Math.max(0, -shift))}${head}${tail}${'0'.repeat(Math.max(0, shift))}`;
  const point = Math.max(0, -shift) + head.length + shift;
  return { whole: all.slice(0, point).replace(/^0+(?=\d)/, '') || '0', fraction: all.slice(point).replace(/0+$/, '') };
}

/** Remainders that are told apart. */
const maxRemainders = 150;

/** Decimals that are multiples, with at most 15 digits before the point; undefined if there are too many remainders. */
export function multiplesOf(step: number, type: 'integer' | 'number'): TextAutomaton | undefined {
  const decimal = step > 0 ? toDecimal(step) : undefined;
  if (decimal === undefined) return undefined;
  const places = decimal.fraction.length;
  const unit = Number(decimal.whole + decimal.fraction);
  return unit > maxRemainders || places > 9 ? undefined : new Multiples(unit, places, type).texts();
}

/** States are named: `-` and where one is in a number, with the remainder so far. */
class Multiples {
  readonly #unit: number;
  readonly #places: number;
  readonly #type: 'integer' | 'number';
  readonly #numbers = new Map<string, number>();
  readonly #pending: (() => void)[] = [];
  readonly #states: TextState[] = [];

  constructor(unit: number, places: number, type: 'integer' | 'number') {
    this.#unit = unit;
    this.#places = places;
    this.#type = type;
  }

  texts(): TextAutomaton {
    this.#state('start', false, () => [this.#edge('-', this.#first('signed', [])), ...this.#firstEdges()]);
    for (let make = this.#pending.pop(); make !== undefined; make = this.#pending.pop()) make();
    return trimmed(this.#states);
  }

  #state(name: string, mayEnd: boolean, edges: () => Edge[]): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#states.push({ mayEnd: false, edges: [] }) - 1;
    this.#numbers.set(name, number);
    this.#pending.push(() => {
      this.#states[number] = { mayEnd, edges: edges().sort((a, b) => a.from - b.from) };
    });
    return number;
  }

  #edge(letter: string, target: number): Edge {
    return { from: letter.charCodeAt(0), to: letter.charCodeAt(0), target };
  }

  #first(name: string, more: Edge[]): number {
    return this.#state(name, false, () => [...more, ...this.#firstEdges()]);
  }

  #firstEdges(): Edge[] {
    const others = this.#digitEdges(0, 1, (rest) => this.#before(rest, 1));
    return [this.#edge('0', this.#zero()), ...others];
  }

  #zero(): number {
    return this.#state('zero', true, () => this.#point(0));
  }

  /** Inside the whole part. */
  #before(rest: number, count: number): number {
    return this.#state(`whole ${rest} ${count}`, this.#isWhole(rest, 0), () => [
      ...this.#point(rest),
      ...(count >= exactDigits ? [] : this.#digitEdges(rest, 0, (next) => this.#before(next, count + 1))),
    ]);
  }

  #point(rest: number): Edge[] {
    return this.#type === 'integer' ? [] : [this.#edge('.', this.#behind(rest, 0, false))];
  }

  /** Behind the point; more places than the step has may only be zeros. */
  #behind(rest: number, count: number, mayEnd = true): number {
    return this.#state(`part ${rest} ${count}`, mayEnd && this.#isWhole(rest, count), () => {
      if (count < this.#places) return this.#digitEdges(rest, 0, (next) => this.#behind(next, count + 1));
      return rest === 0 && count < this.#places + 3 ? [this.#edge('0', this.#behind(0, count + 1))] : [];
    });
  }

  #digitEdges(rest: number, from: number, to: (rest: number) => number): Edge[] {
    return Array.from({ length: 10 - from }, (_, index) =>
      this.#edge(String(from + index), to((rest * 10 + from + index) % this.#unit)),
    );
  }

  /** Is it a multiple, if only zeros follow? */
  #isWhole(rest: number, count: number): boolean {
    let all = rest;
    for (let place = count; place < this.#places; place++) all = (all * 10) % this.#unit;
    return all === 0;
  }
}
