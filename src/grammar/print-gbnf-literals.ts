/** Texts and sets of code points as GBNF spells them, with escapes that llama.cpp and xgrammar read alike. */

import { normaliseRanges } from './code-point-set.ts';
import type { CodePointRange } from './grammar.ts';

/** The empty text. */
export const emptyLiteral = '""';

const visible = /^[\p{L}\p{N}\p{P}\p{S} ]$/u;
const short: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['"', '\\"'],
  ['\\', '\\\\'],
]);

/** Exactly this text, in quotes. */
export function literal(text: string): string {
  const spelled = [...text.toWellFormed()].map((character) => {
    return short.get(character) ?? (visible.test(character) ? character : escaped(character.codePointAt(0) ?? 0));
  });
  return `"${spelled.join('')}"`;
}

/**
 * One code point of these ranges, in brackets; undefined if there is none. What is left out stands in the brackets only
 * where it is ASCII: llama.cpp refuses the first byte of a longer character as soon as a negated set names any
 * character that begins with it, and xgrammar 0.1 confuses longer characters in sets.
 */
export function codePointClass(ranges: readonly CodePointRange[], negated: boolean): string | undefined {
  const inside = normaliseRanges(ranges, negated);
  if (inside.length === 0) return undefined;
  const outside = normaliseRanges(inside, true);
  const isAscii = outside.every(([, last]) => last < 0x80);
  return isAscii ? `[^${outside.map(rangeInClass).join('') || escaped(0)}]` : `[${inside.map(rangeInClass).join('')}]`;
}

/** Any one code point but U+0000. */
export const anyCodePoint = codePointClass([], true) ?? '';

function rangeInClass([from, to]: CodePointRange): string {
  return inClass(from) + (to > from + 1 ? '-' : '') + (to > from ? inClass(to) : '');
}

/** Signs with a meaning inside brackets are escaped by number. */
const signs = new Set([...'[]^-\\'].map((sign) => sign.codePointAt(0)));

function inClass(point: number): string {
  return point > 0x20 && point < 0x7f && !signs.has(point) ? String.fromCharCode(point) : escaped(point);
}

/** Always of known length: xgrammar reads on after `\x` as long as there are digits. */
function escaped(point: number): string {
  const digits = point.toString(16).toUpperCase();
  return point < 0x10000 ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}
