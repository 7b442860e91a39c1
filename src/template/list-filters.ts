/** Filters over lists and mappings as Jinja has them; the library lacks them or knows only some of their arguments. */

import type { Call } from './call.ts';
import type { ListValue, MapValue, Value } from './library.ts';
import type { Meter } from './meter.ts';

import { applyOperator, failed, isEqual, kind } from './operators.ts';
import { passes } from './predicates.ts';
import {
  isInteger,
  isList,
  isMap,
  isNamespace,
  isNull,
  isText,
  isUndefined,
  keysOf,
  toInteger,
  toList,
  toMap,
  toText,
  toTuple,
  undefinedValue,
} from './value.ts';

type Filter = (operand: Value, call: Call) => Value;

/** By name. */
export const listFilters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['select', (operand, call) => keep(operand, call, (item) => passes(item, call.args, call.meter))],
  ['reject', (operand, call) => keep(operand, call, (item) => !passes(item, call.args, call.meter))],
  ['selectattr', (operand, call) => keep(operand, call, (item) => passesByAttribute(item, call))],
  ['rejectattr', (operand, call) => keep(operand, call, (item) => !passesByAttribute(item, call))],
  ['sort', sort],
  ['unique', unique],
  ['min', (operand, call) => extreme(operand, call, '<')],
  ['max', (operand, call) => extreme(operand, call, '>')],
  ['sum', sum],
  ['batch', batch],
  ['slice', slice],
  ['groupby', groupBy],
  ['reverse', reverse],
  ['first', (operand, call) => elements(operand, call.meter)[0] ?? undefinedValue],
  ['last', (operand, call) => elements(operand, call.meter).at(-1) ?? undefinedValue],
  ['list', (operand, call) => toList([...elements(operand, call.meter)])],
  ['items', (operand) => (isUndefined(operand) ? toList([]) : toList(entries(operand)))],
  ['dictsort', sortMap],
]);

/** What a loop would run over; nothing where there is nothing. */
export function elements(value: Value, meter: Meter): readonly Value[] {
  if (isUndefined(value) || isNull(value)) return [];
  if (isList(value)) return value.value;
  if (isMap(value)) return keysOf(value);
  if (!isText(value)) throw failed(`goes through ${kind(value)} as if it were a list`);
  meter.charge(value.value.length / 8);
  const characters = Array.from(value.value, toText);
  meter.list(characters.length);
  return characters;
}

/** The pairs of a mapping. */
export function entries(value: Value): Value[] {
  if (!isMap(value)) throw failed(`takes the items of ${kind(value)}`);
  const values = [...value.value.values()];
  return keysOf(value).map((key, index) => toTuple([key, values[index] ?? undefinedValue]));
}

/** `item.a.b` or `item.0` for an attribute written as text or number. */
export function attributeOf(item: Value, attribute: Value, meter: Meter): Value {
  if (isText(attribute)) meter.charge(attribute.value.length / 16);
  const path = isText(attribute) ? attribute.value.split('.') : isInteger(attribute) ? [String(attribute.value)] : [];
  return path.reduce((at: Value, name) => {
    if (isMap(at) || isNamespace(at)) return at.value.get(name) ?? undefinedValue;
    if (isList(at) && /^-?\d+$/.test(name)) return at.value.at(Number(name)) ?? undefinedValue;
    return undefinedValue;
  }, item);
}

function keep(operand: Value, { meter }: Call, test: (item: Value) => boolean): ListValue {
  const list = elements(operand, meter);
  meter.charge(list.length);
  return toList(list.filter(test));
}

function passesByAttribute(item: Value, { args: [attribute, ...test], meter }: Call): boolean {
  if (attribute === undefined) throw failed('selects by no attribute');
  return passes(attributeOf(item, attribute, meter), test, meter);
}

/** An argument by place or name. */
function argument({ args, named }: Call, place: number, name: string): Value | undefined {
  return args[place] ?? named.get(name);
}

function isSet(value: Value | undefined): boolean {
  return value?.__bool__().value === true;
}

/** What an element is compared by: an attribute if one is named, and without regard to case. */
function measure(call: Call, attribute: Value | undefined, exact: boolean): (item: Value) => Value {
  return (item) => {
    const value = attribute === undefined || isNull(attribute) ? item : attributeOf(item, attribute, call.meter);
    call.meter.charge(isText(value) ? value.value.length / 64 : 1);
    return isText(value) && !exact ? toText(value.value.toLowerCase()) : value;
  };
}

function inOrder(keyed: Array<readonly [Value, Value]>, reverse: boolean, meter: Meter): Value[] {
  meter.charge(keyed.length * Math.log2(keyed.length + 1));
  const isLess = (a: Value, b: Value) => applyOperator('<', a, b, meter).__bool__().value;
  const order = (a: Value, b: Value) => (isLess(a, b) ? -1 : isLess(b, a) ? 1 : 0);
  keyed.sort(([a], [b]) => (reverse ? order(b, a) : order(a, b)));
  return keyed.map(([, item]) => item);
}

function sort(operand: Value, call: Call): ListValue {
  const key = measure(call, argument(call, 2, 'attribute'), isSet(argument(call, 1, 'case_sensitive')));
  const keyed = elements(operand, call.meter).map((item) => [key(item), item] as const);
  return toList(inOrder(keyed, isSet(argument(call, 0, 'reverse')), call.meter));
}

function sortMap(operand: Value, call: Call): ListValue {
  const byValue = argument(call, 1, 'by');
  const place = toInteger(isText(byValue) && byValue.value === 'value' ? 1 : 0);
  const key = measure(call, place, isSet(argument(call, 0, 'case_sensitive')));
  const keyed = entries(operand).map((pair) => [key(pair), pair] as const);
  return toList(inOrder(keyed, isSet(argument(call, 2, 'reverse')), call.meter));
}

function unique(operand: Value, call: Call): ListValue {
  const key = measure(call, argument(call, 1, 'attribute'), isSet(argument(call, 0, 'case_sensitive')));
  const seen: Value[] = [];
  return keep(operand, call, (item) => {
    const value = key(item);
    if (seen.some((known) => isEqual(known, value, call.meter))) return false;
    seen.push(value);
    return true;
  });
}

function extreme(operand: Value, call: Call, operator: '<' | '>'): Value {
  const key = measure(call, argument(call, 1, 'attribute'), isSet(argument(call, 0, 'case_sensitive')));
  let best: readonly [Value, Value] | undefined;
  for (const item of elements(operand, call.meter)) {
    const value = key(item);
    if (best === undefined || applyOperator(operator, value, best[0], call.meter).__bool__().value)
      best = [value, item];
  }
  return best?.[1] ?? undefinedValue;
}

function sum(operand: Value, call: Call): Value {
  const attribute = argument(call, 0, 'attribute');
  const start = argument(call, 1, 'start') ?? toInteger(0);
  return elements(operand, call.meter).reduce((total: Value, item) => {
    const isWhole = attribute === undefined || isNull(attribute);
    return applyOperator('+', total, isWhole ? item : attributeOf(item, attribute, call.meter), call.meter);
  }, start);
}

function size(value: Value | undefined): number {
  if (!isInteger(value) || value.value < 1 || value.value > 100_000) throw failed('divides a list by no usable number');
  return value.value;
}

function batch(operand: Value, call: Call): ListValue {
  const width = size(argument(call, 0, 'linecount'));
  const fill = argument(call, 1, 'fill_with');
  const list = elements(operand, call.meter);
  const rows = Array.from({ length: Math.ceil(list.length / width) }, (_, row) => {
    const items = list.slice(row * width, (row + 1) * width);
    const missing = fill === undefined || isNull(fill) ? 0 : width - items.length;
    call.meter.list(items.length + missing);
    return toList([...items, ...new Array<Value>(missing).fill(fill ?? undefinedValue)]);
  });
  return toList(rows);
}

function slice(operand: Value, call: Call): ListValue {
  const count = size(argument(call, 0, 'slices'));
  const fill = argument(call, 1, 'fill_with');
  const list = elements(operand, call.meter);
  call.meter.list(count);
  const [least, longer] = [Math.floor(list.length / count), list.length % count];
  const columns = Array.from({ length: count }, (_, column) => {
    const start = column * least + Math.min(column, longer);
    const items = list.slice(start, start + least + (column < longer ? 1 : 0));
    const isShort = fill !== undefined && !isNull(fill) && column >= longer && longer > 0;
    return toList(isShort ? [...items, fill] : items);
  });
  return toList(columns);
}

function groupBy(operand: Value, call: Call): ListValue {
  const attribute = argument(call, 0, 'attribute');
  if (attribute === undefined) throw failed('groups by no attribute');
  const key = measure(call, attribute, isSet(argument(call, 2, 'case_sensitive')));
  const keyed = elements(operand, call.meter).map((item) => [key(item), item] as const);
  const groups: Array<{ key: Value; items: Value[] }> = [];
  for (const item of inOrder(keyed, false, call.meter)) {
    const last = groups.at(-1);
    if (last !== undefined && isEqual(last.key, key(item), call.meter)) last.items.push(item);
    else groups.push({ key: key(item), items: [item] });
  }
  const named = (item: Value | undefined) =>
    item === undefined ? undefinedValue : attributeOf(item, attribute, call.meter);
  return toList(groups.map(({ items }) => toTuple([named(items[0]), toList(items)])));
}

function reverse(operand: Value, call: Call): Value {
  const reversed = [...elements(operand, call.meter)].reverse();
  return isText(operand) ? toText(reversed.map((item) => item.value).join('')) : toList(reversed);
}

/** `dict(…)`: a mapping or pairs, and named arguments. */
export function makeMap(args: readonly Value[]): MapValue {
  const made = new Map<string, Value>();
  for (const given of args) {
    if (isMap(given)) for (const [key, item] of given.value) made.set(key, item);
    else if (isList(given))
      for (const pair of given.value) {
        const [key, item] = isList(pair) ? pair.value : [];
        if (isText(key) && item !== undefined) made.set(key.value, item);
      }
  }
  return toMap(made);
}
