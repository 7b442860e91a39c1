/** Binary operators with Python's meaning, where the library's own meaning is JavaScript's. */

import { RequestError } from '../base/errors.ts';
import type { Value } from './library.ts';
import type { Meter } from './meter.ts';
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
  printValue,
  toBoolean,
  toFloat,
  toInteger,
  toList,
  toText,
} from './value.ts';

/** The value of `left operator right` (`and`, `or` are not among them: they do not always need both sides). */
export function applyOperator(operator: string, left: Value, right: Value, meter: Meter): Value {
  switch (operator) {
    case '==':
      return toBoolean(isEqual(left, right, meter));
    case '!=':
      return toBoolean(!isEqual(left, right, meter));
    case '~':
      return joined(printValue(left, meter), printValue(right, meter), meter);
    case 'in':
      return toBoolean(contains(right, left, meter));
    case 'not in':
      return toBoolean(!contains(right, left, meter));
    case '<':
    case '<=':
    case '>':
    case '>=':
      return toBoolean(inOrder(operator, left, right));
    default:
      return arithmetic(operator, left, right, meter);
  }
}

/** Python's `==`: by content, and never equal across kinds (but for numbers and booleans). */
export function isEqual(left: Value, right: Value, meter: Meter): boolean {
  meter.enter();
  const equal = compareContent(left, right, meter);
  meter.leave();
  return equal;
}

function compareContent(left: Value, right: Value, meter: Meter): boolean {
  if (isText(left) && isText(right)) {
    meter.charge(left.value.length === right.value.length ? left.value.length / 256 : 0);
    return left.value === right.value;
  }
  const a = numeric(left);
  if (a !== undefined) return a === numeric(right);
  if (isList(left) && isList(right)) {
    const others = right.value;
    return (
      left.value.length === others.length &&
      left.value.every((item, index) => isEqual(item, others[index] ?? item, meter))
    );
  }
  if (isMap(left) && isMap(right)) {
    const others = right.value;
    if (left.value.size !== others.size) return false;
    return [...left.value].every(([key, item]) => {
      const other = others.get(key);
      return other !== undefined && isEqual(item, other, meter);
    });
  }
  return left === right || (isNull(left) && isNull(right)) || (isUndefined(left) && isUndefined(right));
}

function contains(container: Value, item: Value, meter: Meter): boolean {
  if (isText(container)) {
    meter.charge(container.value.length / 256);
    return isText(item) && container.value.includes(item.value);
  }
  if (isList(container)) {
    meter.list(container.value.length);
    return container.value.some((element) => isEqual(element, item, meter));
  }
  if (isMap(container) || isNamespace(container))
    return (isText(item) || isInteger(item)) && container.value.has(String(item.value));
  if (isUndefined(container)) return false;
  throw failed(`cannot look for something in a value of type ${kind(container)}`);
}

function inOrder(operator: string, left: Value, right: Value): boolean {
  const [a, b] = [numeric(left) ?? left.value, numeric(right) ?? right.value];
  if (!(typeof a === 'number' && typeof b === 'number') && !(typeof a === 'string' && typeof b === 'string'))
    throw failed(`cannot compare ${kind(left)} with ${kind(right)}`);
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    default:
      return a >= b;
  }
}

function arithmetic(operator: string, left: Value, right: Value, meter: Meter): Value {
  const [a, b] = [numeric(left), numeric(right)];
  if (a !== undefined && b !== undefined) return calculate(operator, a, b, !isFloat(left) && !isFloat(right));
  if (operator === '+') {
    if (isText(left) && isText(right)) return joined(left.value, right.value, meter);
    if (isList(left) && isList(right)) {
      meter.list(left.value.length + right.value.length);
      return toList(left.value.concat(right.value));
    }
    // What a template was not given (a date, a list of functions) is left out of the text.
    if (isText(left) && isUndefined(right)) return left;
    if (isUndefined(left) && isText(right)) return right;
    // Python refuses a text and a number too; the authors of templates for JavaScript runtimes rely on it.
    if ((isText(left) && b !== undefined) || (isText(right) && a !== undefined))
      return joined(printValue(left, meter), printValue(right, meter), meter);
  }
  if (operator === '*' && isText(left) && b !== undefined) {
    const times = Math.max(0, Math.floor(b));
    meter.text(left.value.length * times);
    return toText(left.value.repeat(times));
  }
  throw failed(`cannot apply '${operator}' to ${kind(left)} and ${kind(right)}`);
}

function calculate(operator: string, a: number, b: number, whole: boolean): Value {
  if (b === 0 && ['/', '//', '%'].includes(operator)) throw failed('divides by zero');
  const number = (value: number) => {
    if (!Number.isFinite(value)) throw failed('computes a number that is not finite');
    return whole && Number.isInteger(value) ? toInteger(value) : toFloat(value);
  };
  switch (operator) {
    case '+':
      return number(a + b);
    case '-':
      return number(a - b);
    case '*':
      return number(a * b);
    case '/':
      return toFloat(a / b);
    case '//':
      return number(Math.floor(a / b));
    case '%':
      return number(a - b * Math.floor(a / b));
    case '**':
      return number(a ** b);
    default:
      throw failed(`uses the unknown operator '${operator}'`);
  }
}

function joined(left: string, right: string, meter: Meter): Value {
  meter.text(left.length + right.length);
  return toText(left + right);
}

function numeric(value: Value): number | undefined {
  if (isNumber(value)) return value.value;
  return isBoolean(value) ? Number(value.value) : undefined;
}

function isFloat(value: Value): boolean {
  return isNumber(value) && !isInteger(value);
}

/** What a value is, in Python's words. */
export function kind(value: Value): string {
  return kinds.get(value.type) ?? value.type;
}

const kinds: ReadonlyMap<string, string> = new Map([
  ['StringValue', 'a string'],
  ['IntegerValue', 'an integer'],
  ['FloatValue', 'a float'],
  ['BooleanValue', 'a boolean'],
  ['ArrayValue', 'a list'],
  ['TupleValue', 'a tuple'],
  ['ObjectValue', 'a mapping'],
  ['NullValue', 'None'],
  ['UndefinedValue', 'an undefined value'],
  ['FunctionValue', 'a function'],
]);

/** The template does something impossible; `what` continues "The model's chat template …". */
export function failed(what: string, cause?: unknown): RequestError {
  return new RequestError('template_failed', `The model's chat template ${what}.`, { cause });
}
