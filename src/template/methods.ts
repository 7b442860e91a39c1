/** Methods of strings and filters that the library lacks, gets wrong, or would run without bounds. */

import type { Call } from './call.ts';
import type { ListValue, Value } from './library.ts';
import { listFilters } from './list-filters.ts';
import type { Meter } from './meter.ts';
import { numberFilters } from './number-filters.ts';
import { failed, kind } from './operators.ts';
import { formatPercent, formatValue } from './text-format.ts';
import { codePoints, moreTextMethods } from './text-methods.ts';
import {
  isBoolean,
  isInteger,
  isList,
  isMap,
  isNamespace,
  isNull,
  isText,
  isUndefined,
  printJson,
  printValue,
  toInteger,
  toList,
  toText,
} from './value.ts';

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
  ['join', (text, call) => join(call.args[0], text, call)],
  ['format', format],
  ['count', (text, call) => toInteger(occurrences(text, textArgument(call, 0)))],
  ...moreTextMethods,
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
  ...listFilters,
  ['tojson', (operand, call) => toText(printJson(operand, jsonOptions(call), call.meter))],
  ['string', (operand, call) => toText(printValue(operand, call.meter))],
  ['join', (operand, call) => join(operand, optionalText(call, 0, 'd') ?? '', call)],
  ['replace', (operand, call) => (isText(operand) ? replaceAll(operand.value, call) : undefined)],
  ['indent', (operand, call) => (isText(operand) ? indent(operand.value, call) : undefined)],
  ['trim', (operand, call) => toText(trim(printValue(operand, call.meter), characters(call), 'both'))],
  ['length', lengthOf],
  ['count', lengthOf],
  ['default', defaultTo],
  ['d', defaultTo],
  ['format', (operand, call) => toText(percent(operand, call))],
  ...numberFilters,
  ['upper', (operand, { meter }) => toText(printValue(operand, meter).toUpperCase())],
  ['lower', (operand, { meter }) => toText(printValue(operand, meter).toLowerCase())],
  ['capitalize', (operand, call) => toText(capitalize(printValue(operand, call.meter)))],
  ['wordcount', (operand, { meter }) => toInteger(printValue(operand, meter).split(/\s+/).filter(Boolean).length)],
  ['e', (operand) => operand],
  ['escape', (operand) => operand],
]);

function lengthOf(operand: Value, { meter }: Call): Value | undefined {
  if (isUndefined(operand)) return toInteger(0);
  if (isList(operand)) return toInteger(operand.value.length);
  if (isText(operand)) {
    meter.charge(operand.value.length / 256);
    return toInteger(codePoints(operand.value));
  }
  return isMap(operand) ? toInteger(operand.value.size) : undefined;
}

/** `text.format(…)`. */
function format(text: string, { args, named, meter }: Call): Value {
  let next = 0;
  let length = 0;
  const result = text.replace(/\{\{|\}\}|\{(\w*)(?::([^{}]*))?\}/g, (found, name?: string, specification = '') => {
    if (name === undefined) return found.charAt(0);
    const value = /^\d*$/.test(name) ? args[name === '' ? next++ : Number(name)] : named.get(name);
    if (value === undefined) throw failed(`leaves '${found}' in a text without a value`);
    const printed =
      specification === ''
        ? printValue(value, meter)
        : formatValue(value, specification, (given) => printValue(given, meter));
    length += printed.length;
    meter.text(length);
    return printed;
  });
  meter.text(result.length);
  return toText(result);
}

/** `text % values`; several values stand in a tuple. */
export function percent(operand: Value, { args, meter }: Pick<Call, 'args' | 'meter'>): string {
  let length = 0;
  return formatPercent(printValue(operand, meter), args, (given) => {
    const printed = printValue(given, meter);
    length += printed.length;
    meter.text(length);
    return printed;
  });
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();
}

function defaultTo(operand: Value, { args, named }: Call): Value {
  const fallback = args[0] ?? named.get('default_value') ?? toText('');
  const alsoFalse = args[1] ?? named.get('boolean');
  if (isUndefined(operand)) return fallback;
  return alsoFalse?.__bool__().value === true && !operand.__bool__().value ? fallback : operand;
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
