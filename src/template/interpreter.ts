/** The library's interpreter with a meter in every step, and Python's meaning where the two differ. */

import { Interpreter, type ListValue, type MapValue, type Scope, type SyntaxNode, type Value } from './library.ts';
import type { Meter } from './meter.ts';
import { type Call, filters, textMethods } from './methods.ts';
import { applyOperator, failed, kind } from './operators.ts';
import type { Program } from './program.ts';
import {
  isFunction,
  isInteger,
  isList,
  isMap,
  isNamespace,
  isNull,
  isText,
  isUndefined,
  printValue,
  toInteger,
  toKeywords,
  toList,
  toMap,
  toText,
  undefinedValue,
} from './value.ts';

/** Statements whose value is none because they have none to print. */
const silent: ReadonlySet<string> = new Set(['Set', 'Macro', 'Comment']);

/** Filters of the library that expect a list. */
const listFilters: ReadonlySet<string> = new Set([
  'selectattr',
  'rejectattr',
  'map',
  'select',
  'reject',
  'sort',
  'reverse',
]);

/** What one rendering is watched by. */
export type RenderTools = Pick<Call, 'meter' | 'guard'>;

/** One rendering. */
export class MeteredInterpreter extends Interpreter {
  readonly #tools: RenderTools;
  readonly #meter: Meter;
  readonly #program: Program;

  constructor(scope: Scope, program: Program, tools: RenderTools) {
    super(scope);
    this.#tools = tools;
    this.#meter = tools.meter;
    this.#program = program;
  }

  override evaluate(node: SyntaxNode | undefined, scope: Scope): Value {
    if (node === undefined) return undefinedValue;
    const meter = this.#meter;
    meter.enter();
    try {
      const value = this.#own(node, scope) ?? super.evaluate(node, scope);
      return this.#weigh(node, value);
    } finally {
      meter.leave();
    }
  }

  /** Sizes are checked where values come into being; and a loop prepares all its rounds before the first. */
  #weigh(node: SyntaxNode, value: Value): Value {
    const iterated = this.#program.iterables.has(node);
    const result = iterated && !isMap(value) ? iterable(value) : value;
    if (iterated && isList(result)) this.#meter.charge(result.value.length * 20);
    if (isLookUp(node)) return result;
    if (isText(result)) this.#meter.text(result.value.length);
    else if (isList(result)) this.#meter.list(result.value.length);
    return result;
  }

  #own(node: SyntaxNode, scope: Scope): Value | undefined {
    switch (node.type) {
      case 'Identifier':
        return lookUp(this.#program.fields(node).value, scope);
      case 'BinaryExpression':
        return this.#binary(node, scope);
      case 'MemberExpression':
        return this.#member(node, scope);
      case 'CallExpression':
        return this.#call(node, scope);
      case 'FilterExpression': {
        const { operand, filter } = this.#program.fields(node);
        return this.#filter(this.evaluate(operand, scope), filter, scope);
      }
      case 'FilterStatement': {
        const { body, filter } = this.#program.fields(node);
        return this.#filter(this.evaluateBlock(body, scope), filter, scope);
      }
      case 'ObjectLiteral':
        return this.#object(node, scope);
      case 'Break':
      case 'Continue':
        // The library throws an error with a stack trace for each.
        this.#meter.charge(40);
        return undefined;
      default:
        return undefined;
    }
  }

  /** The library comes here for the bodies of loops, branches and macros. */
  override evaluateBlock(statements: readonly SyntaxNode[], scope: Scope): Value {
    this.#meter.charge(4);
    let result = '';
    for (const statement of statements) {
      const value = this.evaluate(statement, scope);
      if (isNull(value) && silent.has(statement.type)) continue;
      result += printValue(value, this.#meter);
      this.#meter.text(result.length);
    }
    return toText(result);
  }

  #binary(node: SyntaxNode, scope: Scope): Value {
    const { left, operator, right } = this.#program.fields(node);
    const first = this.evaluate(left, scope);
    if (operator.value === 'and') return first.__bool__().value ? this.evaluate(right, scope) : first;
    if (operator.value === 'or') return first.__bool__().value ? first : this.evaluate(right, scope);
    return applyOperator(operator.value, first, this.evaluate(right, scope), this.#meter);
  }

  #member(node: SyntaxNode, scope: Scope): Value {
    const { object, property, computed } = this.#program.fields(node);
    const owner = this.evaluate(object, scope);
    if (property.type === 'SliceExpression') {
      if (isText(owner)) this.#meter.charge(owner.value.length / 8);
      if (!isText(owner) && !isList(owner)) throw failed(`slices ${kind(owner)}`);
      return this.evaluateSliceExpression(owner, property, scope);
    }
    if (computed) return elementOf(owner, this.evaluate(property, scope));
    const { value } = this.#program.fields(property);
    return elementOf(owner, property.type === 'IntegerLiteral' ? this.evaluate(property, scope) : toText(value));
  }

  #call(node: SyntaxNode, scope: Scope): Value {
    const { callee, args } = this.#program.fields(node);
    const [positional, named] = this.evaluateArguments(args, scope);
    const { object, property, computed } = this.#program.fields(callee);
    let target: Value;
    if (callee.type === 'MemberExpression' && !computed) {
      const owner = this.evaluate(object, scope);
      const name = this.#program.fields(property).value;
      if (isText(owner)) this.#meter.charge(owner.value.length / 64);
      const method = isText(owner) ? textMethods.get(name) : undefined;
      if (isText(owner) && method !== undefined)
        return method(owner.value, { ...this.#tools, args: positional, named });
      if (isMap(owner) && name === 'items' && numberedMaps.has(owner)) return numberedEntries(owner);
      // In Python a method wins over a key of the same name: a schema's `items` must not hide `.items()`.
      target = (isMap(owner) ? owner.builtins.get(name) : undefined) ?? elementOf(owner, toText(name));
    } else target = this.evaluate(callee, scope);
    if (!isFunction(target)) throw failed(`calls ${kind(target)} as if it were a function`);
    return target.value(named.size > 0 ? [...positional, toKeywords(named)] : positional, scope);
  }

  #filter(operand: Value, filter: SyntaxNode, scope: Scope): Value {
    const fields = this.#program.fields(filter);
    const isCall = filter.type === 'CallExpression';
    const name = isCall ? this.#program.fields(fields.callee).value : fields.value;
    const own = filters.get(name);
    if (own !== undefined) {
      const [args, named] = isCall ? this.evaluateArguments(fields.args, scope) : [[], new Map<string, Value>()];
      const call: Call = { ...this.#tools, args, named };
      const value = own(operand, call);
      if (value !== undefined) return value;
    }
    if (name === 'dictsort' && !isCall && isMap(operand) && numberedMaps.has(operand))
      return toList(numberedEntries(operand).value.sort((a, b) => numberOf(a) - numberOf(b)));
    if (name === 'map' && isCall && isList(operand)) {
      const [[inner]] = this.evaluateArguments(fields.args, scope);
      if (isText(inner)) return this.#map(operand, inner.value, scope);
    }
    this.#meter.charge(costOf(operand));
    const isMissing = (isUndefined(operand) || isNull(operand)) && listFilters.has(name);
    return this.applyFilter(isMissing ? toList([]) : operand, filter, scope) ?? undefinedValue;
  }

  /** `list | map('name')`. */
  #map(list: ListValue, name: string, scope: Scope): Value {
    const filter: SyntaxNode & { readonly value: string } = { type: 'Identifier', value: name };
    return toList(list.value.map((item) => this.#filter(item, filter, scope)));
  }

  #object(node: SyntaxNode, scope: Scope): Value {
    const entries = new Map<string, Value>();
    let numbered = false;
    for (const [key, item] of this.#program.entries(node)) {
      const name = this.evaluate(key, scope);
      if (!isText(name) && !isInteger(name)) throw failed(`uses ${kind(name)} as a key`);
      numbered ||= isInteger(name);
      entries.set(String(name.value), this.evaluate(item, scope));
    }
    const map = toMap(entries);
    if (numbered) numberedMaps.add(map);
    return map;
  }
}

/** Mappings whose keys are numbers; the library knows only texts as keys. */
const numberedMaps = new WeakSet<Value>();

function numberedEntries(map: MapValue): ListValue {
  const toKey = (key: string) => (/^-?\d+$/.test(key) ? toInteger(Number(key)) : toText(key));
  return toList([...map.value].map(([key, item]) => toList([toKey(key), item])));
}

/** The number an entry is sorted by. */
function numberOf(entry: Value): number {
  const key = isList(entry) ? entry.value[0] : undefined;
  return isInteger(key) ? key.value : 0;
}

/** The library looks variables up by throwing when they are not there, which is slow. */
function lookUp(name: string, scope: Scope): Value {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const value = at.variables.get(name);
    if (value !== undefined) return value;
  }
  return undefinedValue;
}

/** `owner[key]`; whatever is not there is undefined, as in Jinja. */
function elementOf(owner: Value, key: Value): Value {
  if (isMap(owner)) {
    if (!isText(key) && !isInteger(key)) return undefinedValue;
    return owner.value.get(String(key.value)) ?? owner.builtins.get(String(key.value)) ?? undefinedValue;
  }
  if (isNamespace(owner)) return (isText(key) ? owner.value.get(key.value) : undefined) ?? undefinedValue;
  if (isInteger(key)) {
    if (isList(owner)) return owner.value.at(key.value) ?? undefinedValue;
    const char = isText(owner) ? owner.value.at(key.value) : undefined;
    return char === undefined ? undefinedValue : toText(char);
  }
  return (isText(key) ? owner.builtins.get(key.value) : undefined) ?? undefinedValue;
}

/** Finds a value that is there already. */
function isLookUp(node: SyntaxNode): boolean {
  return node.type === 'Identifier' || node.type === 'StringLiteral';
}

/** What a loop may run over besides lists and mappings; templates for tools run over tools that are not there. */
function iterable(value: Value): Value {
  if (isUndefined(value) || isNull(value)) return toList([]);
  if (isText(value)) return toList(Array.from(value.value, toText));
  // The library takes only lists apart (`for a, b in …`), and tuples are all the same to a template.
  return isList(value) && value.value.some(isTuple) ? toList(value.value.map(asList)) : value;
}

const isTuple = (value: Value): boolean => value.type === 'TupleValue';
const asList = (value: Value): Value => (isList(value) ? toList(value.value) : value);

/** Filters of the library compare and copy: bounded by what they can touch. */
function costOf(operand: Value): number {
  if (isText(operand)) return operand.value.length / 64;
  if (!isList(operand)) return isMap(operand) ? operand.value.size : 1;
  const characters = operand.value.reduce((sum, item) => sum + (isText(item) ? item.value.length : 16), 0);
  return operand.value.length + characters / 16;
}
