/** The library's interpreter with a meter in every step, and Python's meaning where the two differ. */

import type { Call } from './call.ts';
import { Interpreter, type Scope, type SyntaxNode, type Value } from './library.ts';
import { attributeOf, elements, entries } from './list-filters.ts';
import { listMethod } from './list-methods.ts';
import type { Meter } from './meter.ts';
import { filters, percent, textMethods } from './methods.ts';
import { applyOperator, failed, kind } from './operators.ts';
import { holds } from './predicates.ts';
import type { Program } from './program.ts';
import { negatedPrefix, testPrefix } from './test-arguments.ts';
import {
  isFunction,
  isInteger,
  isList,
  isMap,
  isNamespace,
  isNull,
  isText,
  isUndefined,
  keysOf,
  nullValue,
  printValue,
  toBoolean,
  toKeywords,
  toList,
  toMap,
  toNumberedMap,
  toText,
  undefinedValue,
} from './value.ts';

/** Statements whose value is none because they have none to print. */
const silent: ReadonlySet<string> = new Set(['Set', 'Macro', 'Comment']);

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
    const result = iterated ? iterable(value) : value;
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
      case 'TestExpression':
        return this.#test(node, scope);
      case 'Set':
        return this.#set(node, scope);
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
    const second = this.evaluate(right, scope);
    if (operator.value === '%' && isText(first))
      return toText(
        percent(first, { args: isTuple(second) && isList(second) ? second.value : [second], meter: this.#meter }),
      );
    return applyOperator(operator.value, first, second, this.#meter);
  }

  #member(node: SyntaxNode, scope: Scope): Value {
    const { object, property, computed } = this.#program.fields(node);
    const owner = this.evaluate(object, scope);
    if (property.type === 'SliceExpression') {
      if (isText(owner)) this.#meter.charge(owner.value.length / 8);
      if (!isText(owner) && !isList(owner)) throw failed(`slices ${kind(owner)}`);
      if (!isText(owner) || !hasPairs(owner.value)) return this.evaluateSliceExpression(owner, property, scope);
      const characters = toList(Array.from(owner.value, toText));
      const cut = this.evaluateSliceExpression(characters, property, scope);
      return toText(isList(cut) ? cut.value.map((character) => character.value).join('') : '');
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
      if (isMap(owner) && name === 'items') return toList(entries(owner));
      if (isMap(owner) && name === 'keys') return toList(keysOf(owner));
      if (isList(owner) || isMap(owner)) {
        const value = listMethod(owner, name, { ...this.#tools, args: positional, named });
        if (value !== undefined) return value;
      }
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
    if (name === 'map' && isCall) return this.#map(operand, fields.args, scope);
    if (name.startsWith(testPrefix)) {
      const isNegated = name.startsWith(negatedPrefix);
      const [args] = this.evaluateArguments(fields.args, scope);
      const test = name.slice((isNegated ? negatedPrefix : testPrefix).length);
      return toBoolean(holds(test, operand, args, this.#meter) !== isNegated);
    }
    this.#meter.charge(costOf(operand));
    return this.applyFilter(operand, filter, scope) ?? undefinedValue;
  }

  /** `list | map('name', …)` or `map(attribute=…)`. */
  #map(operand: Value, args: readonly SyntaxNode[], scope: Scope): Value {
    const [[inner], named] = this.evaluateArguments(args, scope);
    const list = elements(operand, this.#meter);
    this.#meter.charge(list.length);
    const attribute = named.get('attribute');
    if (attribute !== undefined) {
      const fallback = named.get('default') ?? undefinedValue;
      const orElse = (value: Value) => (isUndefined(value) ? fallback : value);
      return toList(list.map((item) => orElse(attributeOf(item, attribute, this.#meter))));
    }
    if (!isText(inner)) throw failed('maps by no filter');
    const callee: SyntaxNode & { readonly value: string } = { type: 'Identifier', value: inner.value };
    const call: SyntaxNode & { readonly callee: SyntaxNode; readonly args: readonly SyntaxNode[] } = {
      type: 'CallExpression',
      callee,
      args: args.slice(1),
    };
    return toList(list.map((item) => this.#filter(item, args.length > 1 ? call : callee, scope)));
  }

  /** `operand is test`, without arguments. */
  #test(node: SyntaxNode, scope: Scope): Value {
    const { operand, negate, test } = this.#program.fields(node);
    const isTrue = holds(this.#program.fields(test).value, this.evaluate(operand, scope), [], this.#meter);
    return toBoolean(isTrue !== negate);
  }

  /** `{% set name | filter %}…{% endset %}`; all others are the library's. */
  #set(node: SyntaxNode, scope: Scope): Value | undefined {
    const { assignee, body } = this.#program.fields(node);
    if (assignee.type !== 'FilterExpression') return undefined;
    const { operand, filter } = this.#program.fields(assignee);
    scope.setVariable(
      this.#program.fields(operand).value,
      this.#filter(this.evaluateBlock(body, scope), filter, scope),
    );
    return nullValue;
  }

  #object(node: SyntaxNode, scope: Scope): Value {
    const made = new Map<string, Value>();
    let numbered = false;
    for (const [key, item] of this.#program.entries(node)) {
      const name = this.evaluate(key, scope);
      if (!isText(name) && !isInteger(name)) throw failed(`uses ${kind(name)} as a key`);
      numbered ||= isInteger(name);
      made.set(String(name.value), this.evaluate(item, scope));
    }
    return numbered ? toNumberedMap(made) : toMap(made);
  }
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
    const text = isText(owner) ? owner.value : '';
    const char = hasPairs(text) ? Array.from(text).at(key.value) : text.at(key.value);
    return char === undefined ? undefinedValue : toText(char);
  }
  return (isText(key) ? owner.builtins.get(key.value) : undefined) ?? undefinedValue;
}

/** Python counts characters beyond the basic plane once. */
function hasPairs(text: string): boolean {
  return /[\ud800-\udfff]/.test(text);
}

/** Finds a value that is there already. */
function isLookUp(node: SyntaxNode): boolean {
  return node.type === 'Identifier' || node.type === 'StringLiteral';
}

/** What a loop may run over besides lists and mappings; templates for tools run over tools that are not there. */
function iterable(value: Value): Value {
  if (isUndefined(value) || isNull(value)) return toList([]);
  if (isText(value)) return toList(Array.from(value.value, toText));
  if (isMap(value)) return toList(keysOf(value));
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
