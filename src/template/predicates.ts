/** What may follow `is` in a template, and the filters that keep or drop by it. */

import type { Value } from './library.ts';
import type { Meter } from './meter.ts';
import { applyOperator, failed } from './operators.ts';
import {
  isBoolean,
  isFunction,
  isInteger,
  isList,
  isMap,
  isNull,
  isNumber,
  isText,
  isUndefined,
  toInteger,
} from './value.ts';

type Predicate = (value: Value, args: readonly Value[], meter: Meter) => boolean;

const isSequence = (value: Value): boolean => isText(value) || isList(value) || isMap(value);

const compare =
  (operator: string): Predicate =>
  (value, [other], meter) => {
    if (other === undefined) throw failed(`compares with nothing`);
    return applyOperator(operator, value, other, meter).__bool__().value;
  };

/** The remainder of a whole number. */
function remainder(value: Value, divisor: Value | undefined, meter: Meter): number {
  const rest = applyOperator('%', value, divisor ?? toInteger(0), meter);
  return isNumber(rest) ? rest.value : Number.NaN;
}

const isCased = (text: string, cased: string): boolean => text === cased && text.toLowerCase() !== text.toUpperCase();

const predicates: ReadonlyMap<string, Predicate> = new Map<string, Predicate>([
  ['defined', (value) => !isUndefined(value)],
  ['undefined', (value) => isUndefined(value)],
  ['none', (value) => isNull(value)],
  ['boolean', (value) => isBoolean(value)],
  ['true', (value) => isBoolean(value) && value.value],
  ['false', (value) => isBoolean(value) && !value.value],
  ['integer', (value) => isInteger(value)],
  ['float', (value) => isNumber(value) && !isInteger(value)],
  ['number', (value) => isNumber(value) || isBoolean(value)],
  ['string', (value) => isText(value)],
  ['mapping', (value) => isMap(value)],
  ['sequence', isSequence],
  // A loop over something undefined is empty.
  ['iterable', (value) => isSequence(value) || isUndefined(value)],
  ['callable', (value) => isFunction(value)],
  ['lower', (value) => isText(value) && isCased(value.value, value.value.toLowerCase())],
  ['upper', (value) => isText(value) && isCased(value.value, value.value.toUpperCase())],
  ['odd', (value, _, meter) => Math.abs(remainder(value, toInteger(2), meter)) === 1],
  ['even', (value, _, meter) => remainder(value, toInteger(2), meter) === 0],
  ['divisibleby', (value, [divisor], meter) => remainder(value, divisor, meter) === 0],
  ['sameas', (value, [other], meter) => value.type === other?.type && compare('==')(value, [other], meter)],
  ['in', compare('in')],
  ...Object.entries({
    '==': ['eq', 'equalto', '=='],
    '!=': ['ne', '!='],
    '<': ['lt', 'lessthan', '<'],
    '<=': ['le', '<='],
    '>': ['gt', 'greaterthan', '>'],
    '>=': ['ge', '>='],
  }).flatMap(([operator, names]) => names.map((name): [string, Predicate] => [name, compare(operator)])),
]);

/** `value is name(…)`. */
export function holds(name: string, value: Value, args: readonly Value[], meter: Meter): boolean {
  const predicate = predicates.get(name);
  if (predicate === undefined) throw failed(`asks whether something is '${name}', which is not known`);
  return predicate(value, args, meter);
}

/** `value | select(name, …)`: does this element pass? Without a name it must be true. */
export function passes(value: Value, [name, ...args]: readonly Value[], meter: Meter): boolean {
  return isText(name) ? holds(name.value, value, args, meter) : value.__bool__().value;
}
