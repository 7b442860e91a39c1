/** The values that templates compute with: the library's own classes, how JSON becomes them, and how they print. */

import { RequestError } from '../base/errors.ts';
import { type ExactJson, type Json, JsonNumber } from '../base/json.ts';
import {
  type BooleanValue,
  Environment,
  type FunctionValue,
  Interpreter,
  type ListValue,
  type MapValue,
  type NamespaceValue,
  type NullValue,
  type NumberValue,
  parseTemplate,
  type TextValue,
  type UndefinedValue,
  type Value,
} from './library.ts';
import type { Meter } from './meter.ts';

type Construct<V extends Value> = new (value: V['value']) => V;

const sample = new Environment();

/** The library exports none of these classes, but every converted value knows its own. */
function classOf<V extends Value>(name: string, value: V['value'] | object): Construct<V> {
  return sample.set(name, value).constructor as Construct<V>;
}

/** Values that are nothing. */
export const undefinedValue: Value = sample.set('undefined', undefined);
export const nullValue: Value = sample.set('null', null);
const Text = classOf<TextValue>('text', '');
const Integer = classOf<NumberValue>('integer', 1);
const Float = classOf<NumberValue>('float', 0.5);
const Truth = classOf<BooleanValue>('truth', true);
const List = classOf<ListValue>('list', []);
const Mapping = classOf<MapValue>('mapping', {});
const Callable = classOf<FunctionValue>('callable', () => 0);
const [Keywords, Tuple] = seenClasses();

/** Only a call with a named argument and a literal make these. */
function seenClasses(): [Construct<MapValue>, Construct<ListValue>] {
  const scope = new Environment();
  let seen: readonly Value[] = [];
  scope.setVariable(
    'call',
    new Callable((args) => {
      seen = args;
      return undefinedValue;
    }),
  );
  new Interpreter(scope).run(parseTemplate('{{ call((1, 2), a=1) }}'));
  const [tuple, keywords] = seen;
  return [keywords?.constructor as Construct<MapValue>, tuple?.constructor as Construct<ListValue>];
}

/** Plain JavaScript as a template value. */
export const toText = (value: string): TextValue => new Text(value);
export const toInteger = (value: number): NumberValue => new Integer(value);
export const toFloat = (value: number): NumberValue => new Float(value);
export const toBoolean = (value: boolean): BooleanValue => new Truth(value);
export const toList = (value: Value[]): ListValue => new List(value);
export const toTuple = (value: Value[]): ListValue => new Tuple(value);
export const toMap = (value: Map<string, Value>): MapValue => new Mapping(value);
export const toFunction = (run: FunctionValue['value']): FunctionValue => new Callable(run);
export const toKeywords = (value: Map<string, Value>): MapValue => new Keywords(value);

/** What kind of value is this? */
export const isText = (value: Value | undefined): value is TextValue => value?.type === 'StringValue';
export const isInteger = (value: Value | undefined): value is NumberValue => value?.type === 'IntegerValue';
export const isNumber = (value: Value | undefined): value is NumberValue =>
  value?.type === 'IntegerValue' || value?.type === 'FloatValue';
export const isBoolean = (value: Value | undefined): value is BooleanValue => value?.type === 'BooleanValue';
export const isList = (value: Value | undefined): value is ListValue =>
  value?.type === 'ArrayValue' || value?.type === 'TupleValue';
export const isMap = (value: Value | undefined): value is MapValue =>
  value?.type === 'ObjectValue' || value?.type === 'KeywordArgumentsValue';
export const isFunction = (value: Value | undefined): value is FunctionValue => value?.type === 'FunctionValue';
export const isUndefined = (value: Value): value is UndefinedValue => value.type === 'UndefinedValue';
export const isNull = (value: Value): value is NullValue => value.type === 'NullValue';
/** A namespace has the members of a mapping and nothing else. */
export const isNamespace = (value: Value): value is NamespaceValue => value.type === 'NamespaceValue';

/** Mappings whose keys are numbers; the library knows only texts as keys. */
const numberedMaps = new WeakSet<Value>();

/** A mapping some of whose keys are numbers. */
export function toNumberedMap(value: Map<string, Value>): MapValue {
  const map = toMap(value);
  numberedMaps.add(map);
  return map;
}

/** The keys of a mapping as they were written. */
export function keysOf(map: MapValue): Value[] {
  const isNumbered = numberedMaps.has(map);
  return [...map.value.keys()].map((key) => (isNumbered && /^-?\d+$/.test(key) ? toInteger(Number(key)) : toText(key)));
}

/** The text of numbers that came as JSON, so that `1.0` and twenty digits print as they were written. */
const numberTexts = new WeakMap<Value, string>();

/** JSON of either kind as a template value; every string (keys too) goes through `mark`. */
export function toValue(json: Json | ExactJson, mark: (text: string) => string): Value {
  if (json === null) return nullValue;
  if (typeof json === 'string') return toText(mark(json));
  if (typeof json === 'boolean') return toBoolean(json);
  if (typeof json === 'number') return Number.isInteger(json) ? toInteger(json) : toFloat(json);
  if (json instanceof JsonNumber) {
    const number = /[.eE]/.test(json.text) ? toFloat(Number(json.text)) : toInteger(Number(json.text));
    numberTexts.set(number, json.text);
    return number;
  }
  if (Array.isArray(json)) return toList(json.map((item: Json | ExactJson) => toValue(item, mark)));
  const entries: Iterable<[string, Json | ExactJson]> = json instanceof Map ? json : Object.entries(json);
  return toMap(new Map(Array.from(entries, ([key, item]) => [mark(key), toValue(item, mark)])));
}

/** As Python's `str` would print it. */
export function printValue(value: Value, meter: Meter): string {
  if (isText(value)) return value.value;
  return isUndefined(value) ? '' : new Printer(meter, pythonStyle).print(value, 0);
}

/** What the `tojson` filter can be told. */
export interface JsonOptions {
  readonly indent: number;
  readonly ensureAscii: boolean;
  readonly sortKeys: boolean;
  readonly separators?: readonly [string, string];
}

/** As Python's `json.dumps` would print it. */
export function printJson(value: Value, options: JsonOptions, meter: Meter): string {
  const [comma, colon] = options.separators ?? [options.indent > 0 ? ',' : ', ', ': '];
  const quote = (text: string) => (options.ensureAscii ? toAscii(JSON.stringify(text)) : JSON.stringify(text));
  return new Printer(meter, { ...jsonStyle, ...options, comma, colon, quote }).print(value, 0);
}

interface Style {
  readonly words: { readonly yes: string; readonly no: string; readonly nothing: string; readonly missing: string };
  readonly comma: string;
  readonly colon: string;
  readonly indent: number;
  readonly sortKeys: boolean;
  quote(text: string): string;
}

const jsonStyle = {
  words: { yes: 'true', no: 'false', nothing: 'null', missing: 'null' },
} as const;

const pythonStyle: Style = {
  words: { yes: 'True', no: 'False', nothing: 'None', missing: 'Undefined' },
  comma: ', ',
  colon: ': ',
  indent: 0,
  sortKeys: false,
  quote: pythonQuote,
};

class Printer {
  readonly #meter: Meter;
  readonly #style: Style;
  /** Shared parts are printed again and again: a small value may print as a huge text. */
  #length = 0;

  constructor(meter: Meter, style: Style) {
    this.#meter = meter;
    this.#style = style;
  }

  print(value: Value, depth: number): string {
    this.#meter.enter();
    const text = this.#node(value, depth);
    this.#meter.leave();
    return text;
  }

  #node(value: Value, depth: number): string {
    const { words } = this.#style;
    if (isText(value)) return this.#count(this.#style.quote(value.value));
    if (isNumber(value)) return this.#count(printNumber(value));
    if (isBoolean(value)) return value.value ? words.yes : words.no;
    if (isNull(value)) return words.nothing;
    if (isUndefined(value)) return words.missing;
    if (isList(value)) {
      const items = value.value.map((item) => this.print(item, depth + 1));
      if (value.type === 'ArrayValue' || this.#style.words.yes === 'true') return this.#wrap('[', ']', depth, items);
      return this.#wrap('(', items.length === 1 ? ',)' : ')', depth, items);
    }
    if (isMap(value) || isNamespace(value)) return this.#wrap('{', '}', depth, this.#entries(value, depth));
    throw new RequestError('template_failed', "The model's chat template prints a function.");
  }

  #entries(value: MapValue | NamespaceValue, depth: number): string[] {
    if (numberedMaps.has(value) && isMap(value) && this.#style.words.yes !== 'true') {
      const values = [...value.value.values()];
      return keysOf(value).map(
        (key, index) =>
          this.print(key, depth + 1) + this.#style.colon + this.print(values[index] ?? undefinedValue, depth + 1),
      );
    }
    const entries = [...value.value];
    if (this.#style.sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
    return entries.map(
      ([key, item]) => this.#count(this.#style.quote(key)) + this.#style.colon + this.print(item, depth + 1),
    );
  }

  #wrap(open: string, close: string, depth: number, items: readonly string[]): string {
    const { indent, comma } = this.#style;
    if (indent === 0 || items.length === 0) return this.#count(open + items.join(comma) + close, items.length);
    this.#count('', indent * (depth + 1) * items.length);
    const outer = `\n${' '.repeat(indent * depth)}`;
    const inner = outer + ' '.repeat(indent);
    return open + inner + items.join(comma + inner) + outer + close;
  }

  #count(text: string, extra = 0): string {
    this.#length += text.length + extra;
    this.#meter.text(this.#length);
    return text;
  }
}

function printNumber(value: NumberValue): string {
  const written = numberTexts.get(value);
  if (written !== undefined) return written;
  if (value.type === 'IntegerValue') return String(value.value);
  const size = Math.abs(value.value);
  if (size >= 1e16 || (size < 1e-4 && size > 0)) return value.value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value);
}

function pythonQuote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replace(/[\0-\x1f\x7f-\xa0\xad]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replaceAll(mark, `\\${mark}`);
  return mark + escaped + mark;
}

function toAscii(text: string): string {
  return text.replace(/[\x7f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
