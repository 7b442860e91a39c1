/** Methods of texts that the library lacks: searching, cutting, padding, and what a text consists of. */

import type { Call } from './call.ts';
import type { Value } from './library.ts';
import { failed, kind } from './operators.ts';
import { isInteger, isList, isText, toBoolean, toInteger, toList, toText, toTuple } from './value.ts';

type TextMethod = (text: string, call: Call) => Value;

const maxWidth = 10_000;

/** By name. */
export const moreTextMethods: ReadonlyArray<readonly [string, TextMethod]> = [
  ['find', (text, call) => toInteger(placeOf(text, text.indexOf(part(call))))],
  ['rfind', (text, call) => toInteger(placeOf(text, text.lastIndexOf(part(call))))],
  ['index', (text, call) => toInteger(found(placeOf(text, text.indexOf(part(call)))))],
  ['rindex', (text, call) => toInteger(found(placeOf(text, text.lastIndexOf(part(call)))))],
  ['startswith', (text, call) => toBoolean(anyPart(call).some((start) => from(text, call).startsWith(start)))],
  ['endswith', (text, call) => toBoolean(anyPart(call).some((end) => from(text, call).endsWith(end)))],
  ['partition', (text, call) => divide(text, part(call), text.indexOf(part(call)), 'start')],
  ['rpartition', (text, call) => divide(text, part(call), text.lastIndexOf(part(call)), 'end')],
  ['splitlines', lines],
  ['isdigit', (text) => toBoolean(/^\p{Nd}+$/u.test(text))],
  ['isnumeric', (text) => toBoolean(/^\p{N}+$/u.test(text))],
  ['isdecimal', (text) => toBoolean(/^\p{Nd}+$/u.test(text))],
  ['isalpha', (text) => toBoolean(/^\p{L}+$/u.test(text))],
  ['isalnum', (text) => toBoolean(/^[\p{L}\p{N}]+$/u.test(text))],
  ['isspace', (text) => toBoolean(/^\s+$/u.test(text))],
  ['isascii', (text) => toBoolean(/^[\0-\x7f]*$/.test(text))],
  ['islower', (text) => toBoolean(text === text.toLowerCase() && text !== text.toUpperCase())],
  ['isupper', (text) => toBoolean(text === text.toUpperCase() && text !== text.toLowerCase())],
  ['capitalize', (text) => toText(text.charAt(0).toUpperCase() + text.slice(1).toLowerCase())],
  ['swapcase', (text) => toText(Array.from(text, swapCase).join(''))],
  ['casefold', (text) => toText(text.replaceAll('ß', 'ss').toLowerCase())],
  ['center', (text, call) => toText(pad(text, call, 'both'))],
  ['ljust', (text, call) => toText(pad(text, call, 'end'))],
  ['rjust', (text, call) => toText(pad(text, call, 'start'))],
  ['zfill', zeroFill],
];

/** The length of a text as Python counts it. */
export function codePoints(text: string): number {
  let count = text.length;
  for (const _ of text.matchAll(/[\ud800-\udbff][\udc00-\udfff]/g)) count--;
  return count;
}

function placeOf(text: string, at: number): number {
  return at === -1 ? -1 : codePoints(text.slice(0, at));
}

function part({ args: [given] }: Call): string {
  if (isText(given)) return given.value;
  throw failed(`passes ${given === undefined ? 'nothing' : kind(given)} where a string is needed`);
}

/** A text, or a tuple of texts of which any will do. */
function anyPart(call: Call): string[] {
  const [given] = call.args;
  if (given === undefined || !isList(given)) return [part(call)];
  return given.value.flatMap((item) => (isText(item) ? [item.value] : []));
}

function from(text: string, { args: [, start, end] }: Call): string {
  return isInteger(start) ? text.slice(start.value, isInteger(end) ? end.value : undefined) : text;
}

function found(place: number): number {
  if (place === -1) throw failed('looks for something in a text that is not there');
  return place;
}

function divide(text: string, separator: string, at: number, rest: 'start' | 'end'): Value {
  const [empty, whole] = [toText(''), toText(text)];
  if (at === -1) return toTuple(rest === 'start' ? [whole, empty, empty] : [empty, empty, whole]);
  return toTuple([toText(text.slice(0, at)), toText(separator), toText(text.slice(at + separator.length))]);
}

function lines(text: string, { args: [keep], named, meter }: Call): Value {
  const parts = text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? [];
  meter.list(parts.length);
  const isKept = (keep ?? named.get('keepends'))?.__bool__().value === true;
  return toList(parts.map((line) => toText(isKept ? line : line.replace(/[\r\n]+$/, ''))));
}

function swapCase(character: string): string {
  const upper = character.toUpperCase();
  return character === upper ? character.toLowerCase() : upper;
}

function pad(text: string, { args: [width, fill], meter }: Call, side: 'start' | 'end' | 'both'): string {
  if (!isInteger(width) || width.value > maxWidth) throw failed('fills a text up to no usable width');
  const missing = Math.max(0, width.value - Array.from(text).length);
  meter.text(text.length + missing);
  const filling = isText(fill) ? fill.value : ' ';
  if (side === 'end') return text + filling.repeat(missing);
  if (side === 'start') return filling.repeat(missing) + text;
  // Python gives the odd one to the left where the width is odd too.
  const left = Math.floor(missing / 2) + (missing & width.value & 1);
  return filling.repeat(left) + text + filling.repeat(missing - left);
}

function zeroFill(text: string, call: Call): Value {
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  const padded = pad(text, { ...call, args: [...call.args.slice(0, 1), toText('0')] }, 'start');
  return toText(sign === '' ? padded : sign + padded.replace(sign, ''));
}
