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
 * One code point of these ranges, in brackets; undefined if there is none. Never negated: llama.cpp refuses the first
 * byte of a character outside ASCII as soon as a negated set names any character that begins with it.
 */
export function codePointClass(ranges: readonly CodePointRange[], negated: boolean): string | undefined {
  const inside = normaliseRanges(ranges, negated);
  if (inside.length === 0) return undefined;
  const spelled = inside.map(
    ([from, to]) => inClass(from) + (to > from + 1 ? '-' : '') + (to > from ? inClass(to) : ''),
  );
  return `[${spelled.join('')}]`;
}

/** Any one code point. */
export const anyCodePoint = codePointClass([], true) ?? '';

/** Signs with a meaning inside brackets are escaped by number. */
const signs = new Set([...'[]^-\\'].map((sign) => sign.codePointAt(0)));

function inClass(point: number): string {
  return point > 0x20 && point < 0x7f && !signs.has(point) ? String.fromCharCode(point) : escaped(point);
}

function escaped(point: number): string {
  const [mark, digits] = point < 0x80 ? ['x', 2] : point < 0x10000 ? ['u', 4] : ['U', 8];
  return `\\${mark}${point.toString(16).toUpperCase().padStart(Number(digits), '0')}`;
}
