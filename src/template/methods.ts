/** Methods of strings and filters that the library lacks, gets wrong, or would run without bounds. */

import type { ListValue, Value } from './library.ts';
import type { Meter } from './meter.ts';
import { failed, isEqual, kind } from './operators.ts';
import {
  isBoolean,
  isInteger,
  isList,
  isMap,
  isNamespace,
  isNull,
  isNumber,
  isText,
  isUndefined,
  printJson,
  printValue,
  toBoolean,
  toInteger,
  toList,
  toText,
  undefinedValue,
} from './value.ts';

/** The arguments of a call, with the meter that pays for it. */
export interface Call {
  readonly args: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
  readonly meter: Meter;
  /** Keeps special tokens from being forged by cutting out what stood between their halves. */
  readonly guard: (text: string) => string;
}

type TextMethod = (text: string, call: Call) => Value;
type Filter = (operand: Value, call: Call) => Value | undefined;

/** `text.name(…)`, by name; all others are the library's. */
export const textMethods: ReadonlyMap<string, TextMethod> = new Map<string, TextMethod>([
  ['strip', (text, call) => toText(trim(text, characters(call), 'both'))],
  ['lstrip', (text, call) => toText(trim(text, characters(call), 'start'))],
  ['rstrip', (text, call) => toText(trim(text, characters(call), 'end'))],
  ['replace', replaceAll],
  ['split', (text, call) => split(text, call, 'left')],
  ['rsplit', (text, call) => split(text, call, 'right')],
  ['splitlines', (text, call) => texts(text.replace(/\r?\n$/, '').split(/\r?\n/), call.meter)],
  ['join', (text, call) => join(call.args[0], text, call)],
  ['format', format],
  ['find', (text, call) => toInteger(text.indexOf(textArgument(call, 0)))],
  ['count', (text, call) => toInteger(occurrences(text, textArgument(call, 0)))],
  ['isdigit', (text) => toBoolean(/^\d+$/.test(text))],
  [
    'removeprefix',
    (text, call) => toText(text.startsWith(textArgument(call, 0)) ? text.slice(textArgument(call, 0).length) : text),
  ],
  [
    'removesuffix',
    (text, call) =>
      toText(text.endsWith(textArgument(call, 0)) ? text.slice(0, text.length - textArgument(call, 0).length) : text),
  ],
]);

/** `operand | name(…)`, by name; a filter that returns undefined leaves the case to the library. */
export const filters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['tojson', (operand, call) => toText(printJson(operand, jsonOptions(call), call.meter))],
  ['string', (operand, call) => toText(printValue(operand, call.meter))],
  ['join', (operand, call) => join(operand, optionalText(call, 0, 'd') ?? '', call)],
  ['replace', (operand, call) => (isText(operand) ? replaceAll(operand.value, call) : undefined)],
  ['indent', (operand, call) => (isText(operand) ? indent(operand.value, call) : undefined)],
  ['trim', (operand, call) => toText(trim(printValue(operand, call.meter), characters(call), 'both'))],
  ['length', lengthOf],
  ['count', lengthOf],
  ['first', (operand) => (isList(operand) ? (operand.value[0] ?? undefinedValue) : undefined)],
  ['last', (operand) => (isList(operand) ? (operand.value.at(-1) ?? undefinedValue) : undefined)],
  ['list', listOf],
  ['items', (operand) => (isUndefined(operand) ? toList([]) : undefined)],
  ['default', defaultTo],
  ['d', defaultTo],
  ['e', (operand) => operand],
  ['escape', (operand) => operand],
  ['unique', unique],
  ['min', (operand) => extreme(operand, (a, b) => a < b)],
  ['max', (operand) => extreme(operand, (a, b) => a > b)],
  [
    'sum',
    (operand) => (isList(operand) ? toInteger(numbersOf(operand).reduce((sum, number) => sum + number, 0)) : undefined),
  ],
]);

function lengthOf(operand: Value): Value | undefined {
  if (isUndefined(operand)) return toInteger(0);
  if (isList(operand)) return toInteger(operand.value.length);
  return isMap(operand) ? toInteger(operand.value.size) : undefined;
}

function extreme(operand: Value, isBetter: (a: number, b: number) => boolean): Value | undefined {
  if (!isList(operand)) return undefined;
  const numbers = numbersOf(operand);
  const best = numbers.reduce((at, number, index) => (isBetter(number, numbers[at] ?? number) ? index : at), 0);
  return operand.value[best];
}

function numbersOf(list: ListValue): number[] {
  return list.value.map((item) => (isNumber(item) ? item.value : Number.NaN));
}

/** Python's `format` without specifications of width and kind. */
function format(text: string, { args, named, meter }: Call): Value {
  let next = 0;
  const result = text.replace(/\{\{|\}\}|\{(\w*)\}/g, (found, name: string | undefined) => {
    if (name === undefined) return found.charAt(0);
    const value = /^\d*$/.test(name) ? args[name === '' ? next++ : Number(name)] : named.get(name);
    if (value === undefined) throw failed(`leaves '${found}' in a text without a value`);
    const printed = printValue(value, meter);
    meter.text(printed.length);
    return printed;
  });
  meter.text(result.length);
  return toText(result);
}

function defaultTo(operand: Value, { args, named }: Call): Value {
  const fallback = args[0] ?? named.get('default_value') ?? toText('');
  const alsoFalse = args[1] ?? named.get('boolean');
  if (isUndefined(operand)) return fallback;
  return alsoFalse?.__bool__().value === true && !operand.__bool__().value ? fallback : operand;
}

function listOf(operand: Value, { meter }: Call): Value | undefined {
  if (isUndefined(operand)) return toList([]);
  if (isMap(operand)) return operand.keys();
  if (!isText(operand)) return undefined;
  meter.charge(operand.value.length / 8);
  return texts(Array.from(operand.value), meter);
}

function unique(operand: Value, { meter }: Call): Value | undefined {
  if (!isList(operand)) return undefined;
  const kept: Value[] = [];
  for (const item of operand.value) if (!kept.some((known) => isEqual(known, item, meter))) kept.push(item);
  return toList(kept);
}

function jsonOptions({ args, named }: Call): Parameters<typeof printJson>[1] {
  const flag = (name: string) => named.get(name)?.__bool__().value === true;
  const indent = args[0] ?? named.get('indent');
  const width = isInteger(indent) ? indent.value : 0;
  if (width < 0 || width > 16) throw failed(`indents JSON by ${width}`);
  const separators = named.get('separators');
  const [comma, colon] = isList(separators) ? separators.value : [];
  return {
    indent: width,
    ensureAscii: flag('ensure_ascii'),
    sortKeys: flag('sort_keys'),
    ...(isText(comma) && isText(colon) ? { separators: [comma.value, colon.value] as const } : {}),
  };
}

function join(operand: Value | undefined, separator: string, { named, meter }: Call): Value {
  if (operand === undefined || isUndefined(operand)) return toText('');
  const items = isText(operand) ? Array.from(operand.value, toText) : isList(operand) ? operand.value : undefined;
  if (items === undefined) throw failed(`joins ${kind(operand)}`);
  meter.list(items.length);
  const attribute = named.get('attribute');
  let length = separator.length * items.length;
  const parts = items.map((item) => {
    const part = printValue(isText(attribute) ? memberOf(item, attribute.value) : item, meter);
    length += part.length;
    meter.text(length);
    return part;
  });
  return toText(parts.join(separator));
}

function memberOf(item: Value, name: string): Value {
  return isMap(item) || isNamespace(item) ? (item.value.get(name) ?? toText('')) : toText('');
}

function indent(text: string, call: Call): Value {
  const width = call.args[0] ?? call.named.get('width') ?? toInteger(4);
  const first = (call.args[1] ?? call.named.get('first'))?.__bool__().value === true;
  const blank = (call.args[2] ?? call.named.get('blank'))?.__bool__().value === true;
  const padding = isText(width)
    ? width.value
    : ' '.repeat(isInteger(width) ? Math.min(Math.max(width.value, 0), 256) : 4);
  call.meter.text(text.length + occurrences(text, '\n') * padding.length);
  const lines = text.split('\n');
  return toText(
    lines.map((line, index) => ((index === 0 && !first) || (line === '' && !blank) ? line : padding + line)).join('\n'),
  );
}

function replaceAll(text: string, call: Call): Value {
  const [before, after] = [textArgument(call, 0), textArgument(call, 1)];
  const limit = call.args[2] ?? call.named.get('count');
  const most = isInteger(limit) && limit.value >= 0 ? limit.value : Infinity;
  if (before === '') throw failed('replaces an empty string');
  const count = Math.min(occurrences(text, before), most);
  call.meter.text(text.length + count * Math.max(0, after.length - before.length));
  let result = '';
  let at = 0;
  for (let done = 0; done < count; done++) {
    const next = text.indexOf(before, at);
    result += text.slice(at, next) + after;
    at = next + before.length;
  }
  const whole = result + text.slice(at);
  return toText(after === '' && count > 0 ? call.guard(whole) : whole);
}

function split(text: string, call: Call, from: 'left' | 'right'): ListValue {
  const separator = call.args[0] ?? call.named.get('sep');
  const limit = call.args[1] ?? call.named.get('maxsplit');
  const most = isInteger(limit) && limit.value >= 0 ? limit.value : Infinity;
  if (separator === undefined || isNull(separator)) return splitBlank(text, most, call.meter);
  if (!isText(separator) || separator.value === '') throw failed('splits a string by nothing');
  call.meter.list(occurrences(text, separator.value) + 1);
  const parts = text.split(separator.value);
  if (parts.length - 1 <= most) return texts(parts, call.meter);
  const kept = from === 'left' ? parts.slice(0, most) : parts.slice(parts.length - most);
  const rest = from === 'left' ? parts.slice(most) : parts.slice(0, parts.length - most);
  const joinedRest = rest.join(separator.value);
  return texts(from === 'left' ? [...kept, joinedRest] : [joinedRest, ...kept], call.meter);
}

function splitBlank(text: string, most: number, meter: Meter): ListValue {
  const parts: string[] = [];
  let rest = text.trimStart();
  while (rest !== '' && parts.length < most) {
    const end = rest.search(/\s/);
    if (end === -1) break;
    parts.push(rest.slice(0, end));
    meter.list(parts.length / 1_000);
    rest = rest.slice(end).trimStart();
  }
  return texts(rest === '' ? parts : [...parts, rest], meter);
}

function texts(parts: readonly string[], meter: Meter): ListValue {
  meter.list(parts.length);
  return toList(parts.map(toText));
}

function occurrences(text: string, part: string): number {
  if (part === '') return text.length + 1;
  let count = 0;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

/** Python's strip: any of the given characters, or blanks. */
function trim(text: string, chars: string | undefined, side: 'start' | 'end' | 'both'): string {
  if (chars === undefined) return side === 'start' ? text.trimStart() : side === 'end' ? text.trimEnd() : text.trim();
  let start = 0;
  let end = text.length;
  if (side !== 'end') while (start < end && chars.includes(text.charAt(start))) start++;
  if (side !== 'start') while (end > start && chars.includes(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

function characters(call: Call): string | undefined {
  return optionalText(call, 0, 'chars');
}

function optionalText({ args, named }: Call, index: number, name: string): string | undefined {
  const value = args[index] ?? named.get(name);
  return isText(value) ? value.value : undefined;
}

function textArgument(call: Call, index: number): string {
  const value = call.args[index];
  if (isText(value)) return value.value;
  // `find` and its kin answer a nonsensical question with an error in Python too.
  throw failed(
    `passes ${value === undefined || isBoolean(value) ? 'no string' : kind(value)} where a string is needed`,
  );
}
