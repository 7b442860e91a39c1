/** Turns a set of code points into a small deterministic automaton over its UTF-8 bytes. */

import type { CodePointRange } from './grammar.ts';

/** `step[node * 256 + byte]`: the next node, `accepted` when the code point is whole, `refused` when it cannot be. */
export interface CodePointTable {
  readonly step: Int16Array;
}

/** The byte cannot stand here. */
export const refused = -1;
/** The code point is whole. */
export const accepted = -2;

const lastCodePoint = 0x10ffff;
const surrogates: CodePointRange = [0xd800, 0xdfff];

/** Lead bytes by length: first lead byte, first and last code point (no overlong forms). */
const lengths = [
  { lead: 0x00, first: 0x00, last: 0x7f },
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

/** The automaton of normalised ranges; node 0 is the start. */
export function buildCodePointTable(ranges: readonly CodePointRange[]): CodePointTable {
  const rows: Int16Array[] = [new Int16Array(256).fill(refused)];
  const known = new Map<string, number>();

  /** The node that reads `count` continuation bytes of a number within `inside`. */
  const continuation = (inside: readonly CodePointRange[], count: number): number => {
    if (inside.length === 0) return refused;
    if (count === 0) return accepted;
    const key = `${count}:${inside.join(';')}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const row = new Int16Array(256).fill(refused);
    const node = rows.push(row) - 1;
    known.set(key, node);
    const size = 64 ** (count - 1);
    for (let value = 0; value < 64; value++)
      row[0x80 + value] = continuation(clip(inside, value * size, (value + 1) * size - 1), count - 1);
    return node;
  };

  const start = rows[0];
  lengths.forEach(({ lead, first, last }, count) => {
    const size = 64 ** count;
    const inside = clip(ranges, first, last, 0);
    for (let value = Math.floor(first / size); value <= Math.floor(last / size); value++)
      if (start !== undefined)
        start[lead + value] = continuation(clip(inside, value * size, (value + 1) * size - 1), count);
  });
  const step = new Int16Array(rows.length * 256);
  for (const [node, row] of rows.entries()) step.set(row, node * 256);
  return { step };
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
