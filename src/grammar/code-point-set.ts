/** Turns a set of code points into a small deterministic automaton over its UTF-8 bytes. */

import type { CodePointRange } from './grammar.ts';

/** The byte cannot stand here. */
export const refused = -1;
/** The code point is whole. */
export const accepted = -2;

const lastCodePoint = 0x10ffff;
const surrogates: CodePointRange = [0xd800, 0xdfff];

/** Lead bytes of two, three and four bytes: lead byte of zero, first and last code point (no overlong forms). */
const lengths = [
  { lead: 0xc0, first: 0x80, last: 0x7ff },
  { lead: 0xe0, first: 0x800, last: 0xffff },
  { lead: 0xf0, first: 0x10000, last: lastCodePoint },
] as const;

/** Sorted, joined, without surrogates; negated if asked. */
export function normaliseRanges(ranges: readonly CodePointRange[], negated: boolean): CodePointRange[] {
  const joined: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (from > to) continue;
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return without(negated ? complement(joined) : joined, surrogates);
}

/** The rows of many such automata; what they have in common stands once. */
export class CodePointRows {
  readonly #rows: Int32Array[] = [];
  readonly #starts = new Map<string, number>();
  readonly #known = new Map<string, number>();

  /** How many there are. */
  get count(): number {
    return this.#rows.length;
  }

  /** By byte: the next row, `accepted` when the code point is whole, `refused` when it cannot be. */
  row(number: number): Int32Array | undefined {
    return this.#rows[number];
  }

  /** The row in which a code point of these ranges starts; undefined if there is none. */
  start(ranges: readonly CodePointRange[], negated: boolean): number | undefined {
    const key = `${negated}${ranges.join(';')}`;
    const known = this.#starts.get(key);
    if (known !== undefined) return known;
    const inside = normaliseRanges(ranges, negated);
    if (inside.length === 0) return undefined;
    const row = new Int32Array(256).fill(refused);
    for (const [from, to] of clip(inside, 0, 0x7f)) row.fill(accepted, from, to + 1);
    for (const [count, { lead, first, last }] of lengths.entries()) {
      const size = 64 ** (count + 1);
      const part = clip(inside, first, last, 0);
      for (let value = Math.floor(first / size); part.length > 0 && value <= Math.floor(last / size); value++)
        row[lead + value] = this.#continuation(clip(part, value * size, (value + 1) * size - 1), count + 1);
    }
    const start = this.#rows.push(row) - 1;
    this.#starts.set(key, start);
    return start;
  }

  /** The row that reads `count` continuation bytes of a number within `inside`. */
  #continuation(inside: readonly CodePointRange[], count: number): number {
    if (inside.length === 0) return refused;
    if (count === 0) return accepted;
    const key = `${count}:${inside.join(';')}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const row = new Int32Array(256).fill(refused);
    const size = 64 ** (count - 1);
    for (let value = 0; value < 64; value++)
      row[0x80 + value] = this.#continuation(clip(inside, value * size, (value + 1) * size - 1), count - 1);
    const number = this.#rows.push(row) - 1;
    this.#known.set(key, number);
    return number;
  }
}

/** What of the ranges lies in [from, to], counted from `base`. */
function clip(ranges: readonly CodePointRange[], from: number, to: number, base = from): CodePointRange[] {
  const out: CodePointRange[] = [];
  for (const [low, high] of ranges)
    if (low <= to && high >= from) out.push([Math.max(low, from) - base, Math.min(high, to) - base]);
  return out;
}

function complement(ranges: readonly CodePointRange[]): CodePointRange[] {
  const out: CodePointRange[] = [];
  let next = 0;
  for (const [from, to] of ranges) {
    if (from > next) out.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= lastCodePoint) out.push([next, lastCodePoint]);
  return out;
}

function without(ranges: readonly CodePointRange[], [low, high]: CodePointRange): CodePointRange[] {
  return ranges.flatMap(([from, to]) => {
    const parts: CodePointRange[] = [
      [from, Math.min(to, low - 1)],
      [Math.max(from, high + 1), to],
    ];
    return parts.filter(([a, b]) => a <= b);
  });
}
