/** The Jinja library as TypeScript sees it from here: its own declarations do not resolve under Node's module rules. */

import * as jinja from '@huggingface/jinja';
import { callTests, type Token } from './test-arguments.ts';

interface Typed<T extends string, V> {
  readonly type: T;
  readonly value: V;
  /** Methods by name; a map, so nothing of a JavaScript prototype can be reached through it. */
  readonly builtins: ReadonlyMap<string, Value>;
  __bool__(): { readonly value: boolean };
}

/** The kinds of values; `type` tells them apart. */
export type TextValue = Typed<'StringValue', string>;
export type NumberValue = Typed<'IntegerValue' | 'FloatValue', number>;
export type BooleanValue = Typed<'BooleanValue', boolean>;
export type ListValue = Typed<'ArrayValue' | 'TupleValue', Value[]>;
/** An object: a mapping with methods. */
export interface MapValue extends Typed<'ObjectValue' | 'KeywordArgumentsValue', Map<string, Value>> {
  keys(): ListValue;
}
export type NamespaceValue = Typed<'NamespaceValue', Map<string, Value>>;
export type FunctionValue = Typed<'FunctionValue', (args: Value[], scope: Scope) => Value>;
export type NullValue = Typed<'NullValue', null>;
export type UndefinedValue = Typed<'UndefinedValue', undefined>;
export type Value =
  | TextValue
  | NumberValue
  | BooleanValue
  | ListValue
  | MapValue
  | NamespaceValue
  | FunctionValue
  | NullValue
  | UndefinedValue;

/** Variables, and where to look for those that are not here. */
export interface Scope {
  readonly variables: Map<string, Value>;
  readonly parent?: Scope;
  /** Converts a plain value and declares it. */
  set(name: string, value: unknown): Value;
  setVariable(name: string, value: Value): Value;
}

/** A node of a compiled template; `type` says which fields it has. */
export interface SyntaxNode {
  readonly type: string;
}

/** The parts of the interpreter that we use or replace. Some are private there: the version is pinned exactly. */
export interface LibraryInterpreter {
  run(program: SyntaxNode): Value;
  evaluate(node: SyntaxNode | undefined, scope: Scope): Value;
  evaluateBlock(statements: readonly SyntaxNode[], scope: Scope): Value;
  evaluateArguments(args: readonly SyntaxNode[], scope: Scope): [Value[], Map<string, Value>];
  evaluateSliceExpression(object: Value, slice: SyntaxNode, scope: Scope): Value;
  applyFilter(operand: Value, filter: SyntaxNode, scope: Scope): Value | undefined;
}

/** The library's classes. */
export const Environment = jinja.Environment as unknown as new () => Scope;
export const Interpreter = jinja.Interpreter as unknown as new (scope: Scope) => LibraryInterpreter;
const tokenize = jinja.tokenize as unknown as (source: string, options: object) => Token[];
const parse = jinja.parse as unknown as (tokens: unknown) => SyntaxNode;

/** Source to syntax tree, with the white-space rules of chat templates; throws on bad syntax. */
export function parseTemplate(source: string): SyntaxNode {
  return parse(callTests(tokenize(source, { lstrip_blocks: true, trim_blocks: true })));
}
