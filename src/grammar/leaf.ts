/** The parts of a grammar that read bytes: literal text, one code point, one of many words, a stretch of a source. */

import { accepted, type CodePointRows, normaliseRanges, refused } from './code-point-set.ts';
import type { CodePointRange, SpanSource } from './grammar.ts';
import type { PositionSets } from './position-sets.ts';

/**
 * A deterministic reader of bytes. A position is a number, 0 at the start; only `span` needs the `sets` of its state
 * table, where the positions it is at together have one number.
 */
export interface Leaf {
  /** The position after `byte`, or -1 if it cannot stand here. */
  step(at: number, byte: number, sets: PositionSets): number;
  /** May the leaf end at this position? */
  mayEnd(at: number, sets: PositionSets): boolean;
  /** Can any byte follow? */
  mayGoOn(at: number, sets: PositionSets): boolean;
  /** The only byte that can follow, -1 if there are several. */
  onlyByte(at: number, sets: PositionSets): number;
  /** Is a position the number of a position set? */
  readonly usesSets: boolean;
  /** Does the empty text match? */
  readonly mayBeEmpty: boolean;
  /** Is it one code point, and may that be any plain character of a JSON string? */
  readonly takesPlain: boolean;
}

const encoder = new TextEncoder();

/** Exactly these bytes. */
export function textLeaf(text: string): Leaf {
  const bytes = encoder.encode(text);
  return {
    usesSets: false,
    mayBeEmpty: bytes.length === 0,
    takesPlain: false,
    step: (at, byte) => (bytes[at] === byte ? at + 1 : -1),
    mayEnd: (at) => at === bytes.length,
    mayGoOn: (at) => at < bytes.length,
    onlyByte: (at) => bytes[at] ?? -1,
  };
}

/** Nothing at all. */
export const emptyLeaf: Leaf = {
  usesSets: false,
  mayBeEmpty: false,
  takesPlain: false,
  step: () => -1,
  mayEnd: () => false,
  mayGoOn: () => false,
  onlyByte: () => -1,
};

/** One code point of these ranges; undefined if there is none. */
export function setLeaf(rows: CodePointRows, ranges: readonly CodePointRange[], negated: boolean): Leaf | undefined {
  const start = rows.start(ranges, negated);
  if (start === undefined) return undefined;
  // Position 0 is the start, 1 the end, n + 2 the row n.
  const rowAt = (at: number): Int32Array | undefined => rows.row(at === 0 ? start : at - 2);
  return {
    usesSets: false,
    mayBeEmpty: false,
    takesPlain: coversPlain(ranges, negated),
    step: (at, byte) => {
      const next = at === 1 ? refused : (rowAt(at)?.[byte] ?? refused);
      return next === accepted ? 1 : next === refused ? -1 : next + 2;
    },
    mayEnd: (at) => at === 1,
    mayGoOn: (at) => at !== 1,
    onlyByte: (at) => {
      const row = rowAt(at);
      const first = row?.findIndex((next) => next !== refused) ?? -1;
      return row?.findLastIndex((next) => next !== refused) === first ? first : -1;
    },
  };
}

/** What stands in a JSON string without an escape. */
const plain: readonly CodePointRange[] = normaliseRanges(
  [
    [0, 0x1f],
    [0x22, 0x22],
    [0x5c, 0x5c],
  ],
  true,
);

function coversPlain(ranges: readonly CodePointRange[], negated: boolean): boolean {
  const inside = normaliseRanges(ranges, negated);
  return plain.every(([from, to]) => inside.some(([low, high]) => low <= from && to <= high));
}

/** Bytes of all sources behind each other, and what holds after each byte. */
interface SpanText {
  readonly bytes: Uint8Array;
  /** After this byte a stretch may end. */
  readonly ends: Uint8Array;
  /** After this byte a stretch may go on. */
  readonly goesOn: Uint8Array;
  /** By first byte: the offsets at which a stretch may start. */
  readonly starts: ReadonlyMap<number, readonly number[]>;
}

/** A stretch of a source; undefined if no stretch exists. */
export function spanLeaf(sources: readonly SpanSource[]): Leaf | undefined {
  const text = layOut(sources);
  if (text.starts.size === 0) return undefined;
  const takes = (offset: number, byte: number): boolean => text.bytes[offset] === byte;
  const after = (at: number, sets: PositionSets): readonly number[] => sets.positions(at);
  return {
    usesSets: true,
    mayBeEmpty: false,
    takesPlain: false,
    step: (at, byte, sets) => {
      const taken =
        at === 0 ? (text.starts.get(byte) ?? []) : nextOffsets(text, after(at, sets)).filter((o) => takes(o, byte));
      return taken.length === 0 ? -1 : sets.number(taken);
    },
    mayEnd: (at, sets) => at !== 0 && after(at, sets).some((offset) => text.ends[offset] === 1),
    mayGoOn: (at, sets) => at === 0 || after(at, sets).some((offset) => text.goesOn[offset] === 1),
    onlyByte: (at, sets) => {
      const bytes =
        at === 0 ? [...text.starts.keys()] : nextOffsets(text, after(at, sets)).map((o) => text.bytes[o] ?? -1);
      const first = bytes[0] ?? -1;
      return bytes.every((byte) => byte === first) ? first : -1;
    },
  };
}

/** A position set holds offsets of bytes just read; these are the offsets that may come next. */
function nextOffsets(text: SpanText, read: readonly number[]): number[] {
  const out: number[] = [];
  for (const offset of read) if (text.goesOn[offset] === 1) out.push(offset + 1);
  return out;
}

/** Cuts each source behind its last end, so that every start and every step can still reach an end. */
function layOut(sources: readonly SpanSource[]): SpanText {
  const bytes: number[] = [];
  const ends: number[] = [];
  const goesOn: number[] = [];
  const starts = new Map<number, number[]>();
  for (const source of sources) {
    const last = source.ends.reduce((most, unit) => (unit < source.units.length ? Math.max(most, unit) : most), -1);
    const startUnits = new Set(source.starts);
    const endUnits = new Set(source.ends);
    for (let unit = 0; unit <= last; unit++) {
      const spelled = encoder.encode(source.units[unit] ?? '');
      const first = spelled[0];
      if (first === undefined) continue;
      if (startUnits.has(unit)) addStart(starts, first, bytes.length);
      spelled.forEach((byte, index) => {
        const whole = index === spelled.length - 1;
        bytes.push(byte);
        ends.push(whole && endUnits.has(unit) ? 1 : 0);
        goesOn.push(whole && unit === last ? 0 : 1);
      });
    }
  }
  return { bytes: Uint8Array.from(bytes), ends: Uint8Array.from(ends), goesOn: Uint8Array.from(goesOn), starts };
}

function addStart(starts: Map<number, number[]>, byte: number, offset: number): void {
  const list = starts.get(byte);
  if (list === undefined) starts.set(byte, [offset]);
  else list.push(offset);
}
