/** Filters that make numbers: `int`, `float` and `round`, as Python computes them. */

import type { Call } from './call.ts';
import type { Value } from './library.ts';
import { isBoolean, isInteger, isNumber, isText, toFloat, toInteger } from './value.ts';

/** By name. */
export const numberFilters: ReadonlyArray<readonly [string, (operand: Value, call: Call) => Value | undefined]> = [
  ['int', toWhole],
  ['float', toReal],
  ['round', round],
];

/** `value | int`: what is no number is the default. */
function toWhole(operand: Value, call: Call): Value {
  const fallback = call.args[0] ?? call.named.get('default') ?? toInteger(0);
  const base = call.args[1] ?? call.named.get('base');
  if (isNumber(operand) || isBoolean(operand)) return toInteger(Math.trunc(Number(operand.value)));
  if (!isText(operand)) return fallback;
  const text = operand.value.trim();
  const radix = isInteger(base) ? base.value : 10;
  const number =
    radix === 10 && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : wholeOf(text, radix);
  return Number.isFinite(number) ? toInteger(Math.trunc(number)) : fallback;
}

function wholeOf(text: string, radix: number): number {
  const digits = '0123456789abcdefghijklmnopqrstuvwxyz'.slice(0, radix);
  const isWhole = radix !== 10 && radix >= 2 && /^[+-]?[0-9a-z]+$/i.test(text);
  const known = Array.from(text.replace(/^[+-]/, '').toLowerCase()).every((digit) => digits.includes(digit));
  return isWhole && known ? Number.parseInt(text, radix) : Number.NaN;
}

/** `value | float`. */
function toReal(operand: Value, call: Call): Value {
  const fallback = call.args[0] ?? call.named.get('default') ?? toFloat(0);
  if (isNumber(operand) || isBoolean(operand)) return toFloat(Number(operand.value));
  const number = isText(operand) && operand.value.trim() !== '' ? Number(operand.value) : Number.NaN;
  return Number.isFinite(number) ? toFloat(number) : fallback;
}

/** `value | round(precision, method)`; Python rounds halves to the even neighbour. */
function round(operand: Value, call: Call): Value | undefined {
  if (!isNumber(operand)) return undefined;
  const precision = call.args[0] ?? call.named.get('precision');
  const method = call.args[1] ?? call.named.get('method');
  const factor = 10 ** (isInteger(precision) ? Math.min(Math.max(precision.value, -15), 15) : 0);
  const scaled = operand.value * factor;
  const name = isText(method) ? method.value : 'common';
  const whole = name === 'ceil' ? Math.ceil(scaled) : name === 'floor' ? Math.floor(scaled) : toEven(scaled);
  return toFloat(whole / factor);
}

function toEven(number: number): number {
  const floor = Math.floor(number);
  if (number - floor !== 0.5) return Math.round(number);
  return floor % 2 === 0 ? floor : floor + 1;
}
