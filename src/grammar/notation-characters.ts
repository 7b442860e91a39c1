/** How single characters stand in the strings of a notation: as they are, escaped, or either. */

import { anyCodePoint, type CodePoints, codePoints } from '../schema/code-points.ts';

/** One way to write characters. */
export interface Characters {
  readonly name: string;
  /** Those that may stand as they are. */
  readonly plain: CodePoints;
  /** Those that may, or must, be written otherwise. */
  readonly escaped: CodePoints;
  escapes(point: number): readonly string[];
  /** May what is not ASCII be written as `\u`? */
  readonly hasUnicodeEscapes: boolean;
}

/** As they are. */
export const rawCharacters: Characters = {
  name: 'raw',
  plain: anyCodePoint,
  escaped: [],
  escapes: () => [],
  hasUnicodeEscapes: false,
};

/** As in JSON's quotes. */
export const jsonCharacters: Characters = {
  name: 'json',
  plain: codePoints([
    [0x20, 0x21],
    [0x23, 0x5b],
    [0x5d, 0x10ffff],
  ]),
  escaped: codePoints([
    [0, 0x1f],
    [0x22, 0x22],
    [0x5c, 0x5c],
  ]),
  escapes: (point) => [backslashed(point)],
  hasUnicodeEscapes: true,
};

/** As in single quotes. */
export const singleQuotedCharacters: Characters = {
  name: 'single',
  plain: codePoints([
    [0x20, 0x26],
    [0x28, 0x5b],
    [0x5d, 0x10ffff],
  ]),
  escaped: codePoints([
    [0, 0x1f],
    [0x27, 0x27],
    [0x5c, 0x5c],
  ]),
  escapes: (point) => [backslashed(point)],
  hasUnicodeEscapes: true,
};

/** As in XML's text. */
export const xmlCharacters: Characters = {
  name: 'xml',
  plain: codePoints([
    [0, 0x25],
    [0x27, 0x3b],
    [0x3d, 0x10ffff],
  ]),
  escaped: codePoints([
    [0x22, 0x22],
    [0x26, 0x27],
    [0x3c, 0x3c],
    [0x3e, 0x3e],
  ]),
  escapes: (point) => [entityOf(point)],
  hasUnicodeEscapes: false,
};

/** As in the quotes of JSON that stands in XML. */
export const xmlJsonCharacters: Characters = {
  name: 'xml-json',
  plain: codePoints([
    [0x20, 0x21],
    [0x23, 0x25],
    [0x27, 0x3b],
    [0x3d, 0x5b],
    [0x5d, 0x10ffff],
  ]),
  escaped: codePoints([
    [0, 0x1f],
    [0x22, 0x22],
    [0x26, 0x27],
    [0x3c, 0x3c],
    [0x3e, 0x3e],
    [0x5c, 0x5c],
  ]),
  escapes: (point) =>
    point === 0x22 ? ['\\"', '\\&quot;'] : [entities[String.fromCodePoint(point)] ?? backslashed(point)],
  hasUnicodeEscapes: true,
};

const shortEscapes: ReadonlyMap<number, string> = new Map([
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [0x22, '\\"'],
  [0x27, "\\'"],
  [0x5c, '\\\\'],
]);

function backslashed(point: number): string {
  return shortEscapes.get(point) ?? `\\u${point.toString(16).padStart(4, '0')}`;
}

/** XML's five. */
export const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function entityOf(point: number): string {
  return entities[String.fromCodePoint(point)] ?? '';
}

/** The text with what must be escaped in XML escaped, and with all that can be. */
export function xmlSpellings(value: string): readonly string[] {
  const few = value.replace(/[&<]/g, (character) => entities[character] ?? character);
  const all = value.replace(/[&<>"']/g, (character) => entities[character] ?? character);
  return few === all ? [few] : [few, all];
}
