/** Python's two ways of filling texts in: `'{:>5}'.format(…)` and `'%5s' % …`. */

import type { Value } from './library.ts';
import { failed, kind } from './operators.ts';
import { isBoolean, isNumber, isText } from './value.ts';

interface Specification {
  readonly fill: string;
  readonly align: string;
  readonly sign: string;
  readonly width: number;
  readonly comma: boolean;
  readonly precision: number | undefined;
  readonly type: string;
}

/** No text that templates make for people is wider. */
const maxWidth = 1_000;

const pattern = /^(?:(.)?([<>=^]))?([+ -])?(0)?(\d+)?(,)?(?:\.(\d+))?([a-zA-Z%])?$/su;

/** One value by what stands behind the colon; `print` is how it prints by itself. */
export function formatValue(value: Value, specification: string, print: (value: Value) => string): string {
  const parts = pattern.exec(specification);
  if (parts === null) throw failed(`formats by ':${specification}', which is not known`);
  const [, fill, align, sign = '', zero, width, comma, precision, type = ''] = parts;
  const isNumeric = isNumber(value) || isBoolean(value);
  return fillValue(value, print, {
    fill: fill ?? (zero ? '0' : ' '),
    align: align ?? (zero ? '=' : isNumeric && !(isBoolean(value) && type === '') ? '>' : '<'),
    sign,
    width: bounded(width) ?? 0,
    comma: comma !== undefined,
    precision: bounded(precision),
    type,
  });
}

/** `'%s %05.1f' % values`. */
export function formatPercent(text: string, values: readonly Value[], print: (value: Value) => string): string {
  let next = 0;
  return text.replace(/%([-+ 0#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g, (_, flags: string, width, precision, type) => {
    if (type === '%') return '%';
    const value = values[next++];
    if (value === undefined) throw failed(`leaves '%${type}' in a text without a value`);
    const left = flags.includes('-');
    const zero = flags.includes('0') && !left && type !== 's';
    return fillValue(value, print, {
      fill: zero ? '0' : ' ',
      align: left ? '<' : zero ? '=' : '>',
      sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '',
      width: bounded(width) ?? 0,
      comma: false,
      precision: bounded(precision),
      type: type === 'i' || type === 'u' ? 'd' : type,
    });
  });
}

function fillValue(value: Value, print: (value: Value) => string, how: Specification): string {
  const text = isNumberType(how.type) ? digitsOf(value, how) : cut(print(value), value, how);
  const missing = Math.max(0, how.width - Array.from(text).length);
  if (how.align === '<') return text + how.fill.repeat(missing);
  if (how.align === '^') return how.fill.repeat(missing >> 1) + text + how.fill.repeat(missing - (missing >> 1));
  if (how.align === '>') return how.fill.repeat(missing) + text;
  const sign = /^[+ -]/.exec(text)?.[0] ?? '';
  return sign + how.fill.repeat(missing) + text.slice(sign.length);
}

function cut(text: string, value: Value, { precision, comma, sign }: Specification): string {
  if (isText(value) && precision !== undefined) return Array.from(text).slice(0, precision).join('');
  if (!isNumber(value)) return text;
  return signed(comma ? grouped(text) : text, sign);
}

const isNumberType = (type: string): boolean => 'bcdeEfFgGnoxX%'.includes(type) && type !== '';

function digitsOf(value: Value, { type, precision, comma, sign }: Specification): string {
  if (!isNumber(value) && !isBoolean(value)) throw failed(`formats ${kind(value)} as a number`);
  const number = Number(value.value);
  const text = printers[type]?.(number, precision ?? 6);
  if (text === undefined) throw failed(`formats a number by '${type}', which is not known`);
  return signed(comma ? grouped(text) : text, sign);
}

const printers: Readonly<Record<string, (number: number, precision: number) => string>> = {
  d: (number) => String(Math.trunc(number)),
  f: (number, precision) => number.toFixed(precision),
  F: (number, precision) => number.toFixed(precision),
  '%': (number, precision) => `${(number * 100).toFixed(precision)}%`,
  e: (number, precision) => number.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2'),
  x: (number) => number.toString(16),
  X: (number) => number.toString(16).toUpperCase(),
  o: (number) => number.toString(8),
  b: (number) => number.toString(2),
  c: (number) => String.fromCodePoint(Math.min(Math.max(Math.trunc(number), 0), 0x10ffff)),
};

function signed(text: string, sign: string): string {
  return sign === '' || sign === '-' || text.startsWith('-') ? text : sign + text;
}

function grouped(text: string): string {
  return text.replace(/\d+/, (digits) => digits.replace(/\B(?=(?:\d{3})+$)/g, ','));
}

function bounded(digits: string | undefined): number | undefined {
  if (digits === undefined) return undefined;
  const number = Number(digits);
  if (number > maxWidth) throw failed(`fills a text up to ${digits} characters`);
  return number;
}
