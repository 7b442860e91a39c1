/** Grammar of objects: declared properties in their order, then others where the schema asks for them. */

import type { Json } from '../base/json.ts';
import {
  isJsonObject,
  isSchema,
  type JsonSchema,
  member,
  type SchemaObject,
  schemaEntries,
  stringList,
} from '../schema/json-schema.ts';
import { compilePattern } from '../schema/pattern.ts';
import { choice, type GrammarNode, optional, repeat, sequence, text } from './grammar.ts';
import { separated } from './json-text.ts';
import type { SchemaContext } from './schema-context.ts';
import { count } from './schema-facts.ts';
import type { Spelling } from './spelling.ts';

/** A property that may be written: its name and its value. */
interface Member {
  readonly node: GrammarNode;
  readonly isRequired: boolean;
}

/** The objects a schema allows. */
export function objectNode(schema: SchemaObject, context: SchemaContext): GrammarNode {
  const declared = new Map(schemaEntries(member(schema, 'properties')));
  const required = new Set(stringList(member(schema, 'required')));
  const other = otherMember(schema, new Set([...declared.keys(), ...required]), declared.size > 0, context);
  for (const name of required) if (!declared.has(name)) declareUndeclared(name, schema, declared, context);
  relaxNames(schema, [...declared.keys()], context);
  const members = [...declared].flatMap(
    ([name, value]) => declaredMember(name, value, required.has(name), context) ?? [],
  );
  const { spelling } = context;
  if (declared.size === 0) return mapNode(schema, other, { spelling: spelling.map, context });
  if (members.length === 0) return mapNode(schema, other, { spelling, context });
  relaxCounts(schema, members, other !== undefined, context);
  const extra = other && sequence(other.before, other.value);
  return context.spelling.object(body(members, extra, context));
}

/** Undefined if the notation cannot write such a name. */
function declaredMember(
  name: string,
  value: JsonSchema,
  isRequired: boolean,
  context: SchemaContext,
): Member | undefined {
  const place = context.spelling.member(name);
  if (place !== undefined) return { node: sequence(place.before, context.value(value, place.value)), isRequired };
  context.relax('properties');
  if (isRequired) context.relax('required');
  return undefined;
}

/** A name that is required but not declared is written with whatever value others may have. */
function declareUndeclared(
  name: string,
  schema: SchemaObject,
  declared: Map<string, JsonSchema>,
  context: SchemaContext,
): void {
  const others = member(schema, 'additionalProperties');
  if (others === false && !hasPatterns(schema)) context.relax('additionalProperties');
  declared.set(name, isJsonObject(others) && !hasPatterns(schema) ? others : true);
}

function hasPatterns(schema: SchemaObject): boolean {
  return isJsonObject(member(schema, 'patternProperties'));
}

/** A property that is not declared. */
interface Other {
  readonly before: GrammarNode;
  readonly value: GrammarNode;
  /** May the value be any at all? */
  readonly isOpen: boolean;
}

/** Undefined if there shall be none. Where the schema is silent, a model writes only what is declared. */
function otherMember(
  schema: SchemaObject,
  names: ReadonlySet<string>,
  hasDeclared: boolean,
  context: SchemaContext,
): Other | undefined {
  const rest = member(schema, 'additionalProperties');
  if (rest === undefined && hasDeclared) return undefined;
  if (rest === false && !hasPatterns(schema)) return undefined;
  const spelling = names.size === 0 ? context.spelling.map : context.spelling;
  const place = spelling.otherMember([...names]);
  if (place === undefined) return undefined;
  const value = hasPatterns(schema)
    ? patternValues(schema, rest, place.value, context)
    : isSchema(rest)
      ? context.value(rest, place.value)
      : place.value.anyValue;
  return { before: place.before, value, isOpen: value === place.value.anyValue };
}

/** Declared names are not held against `propertyNames`, nor their values against the patterns they match. */
function relaxNames(schema: SchemaObject, names: readonly string[], context: SchemaContext): void {
  if ((member(schema, 'propertyNames') ?? true) !== true) context.relax('propertyNames');
  for (const [source] of schemaEntries(member(schema, 'patternProperties')))
    if (names.some((name) => compilePattern(source)?.matches(name) !== false)) context.relax('patternProperties');
}

/** Names are not matched against the patterns, so each may have the value of any pattern. */
function patternValues(
  schema: SchemaObject,
  rest: Json | undefined,
  spelling: Spelling,
  context: SchemaContext,
): GrammarNode {
  context.relax('patternProperties');
  if (rest === false) context.relax('additionalProperties');
  const values = schemaEntries(member(schema, 'patternProperties')).map(([, value]) => context.value(value, spelling));
  if (rest === undefined || rest === true) return spelling.anyValue;
  if (isJsonObject(rest)) values.push(context.value(rest, spelling));
  return choice(...values);
}

/** An object without declared properties: any names, so many as the schema allows. */
function mapNode(
  schema: SchemaObject,
  other: Other | undefined,
  { spelling, context }: { readonly spelling: Spelling; readonly context: SchemaContext },
): GrammarNode {
  const min = count(schema, 'minProperties') ?? 0;
  const max = count(schema, 'maxProperties') ?? Infinity;
  if (min > 1) context.relax('minProperties');
  if (other === undefined || max === 0) return min === 0 ? spelling.object(text('')) : context.never();
  if (max < min) return context.never();
  if (other.isOpen && min === 0 && max === Infinity) return spelling.anyObject;
  const entries = separated(sequence(other.before, other.value), spelling.memberSeparator, { min, max });
  return spelling.object(min === 0 ? optional(entries) : entries);
}

function relaxCounts(schema: SchemaObject, members: readonly Member[], isOpen: boolean, context: SchemaContext): void {
  const needed = members.filter((item) => item.isRequired).length;
  if ((count(schema, 'minProperties') ?? 0) > needed) context.relax('minProperties');
  const max = count(schema, 'maxProperties');
  if (max !== undefined && (isOpen || max < members.length)) context.relax('maxProperties');
}

/** Members in order with commas between, whichever are left out. */
function body(members: readonly Member[], extra: GrammarNode | undefined, context: SchemaContext): GrammarNode {
  const first = members.findIndex((item) => item.isRequired);
  if (first !== -1) return aroundRequired(members, first, { extra, comma: context.spelling.memberSeparator });
  return optional(anyOfThem(members, extra, context));
}

/** A required member needs no comma of its own: those before bring theirs behind, those after bring theirs before. */
function aroundRequired(
  members: readonly Member[],
  first: number,
  { extra, comma }: { readonly extra: GrammarNode | undefined; readonly comma: GrammarNode },
): GrammarNode {
  const items: GrammarNode[] = members.map(({ node, isRequired }, index) => {
    if (index < first) return optional(sequence(node, comma));
    if (index === first) return node;
    return isRequired ? sequence(comma, node) : optional(sequence(comma, node));
  });
  if (extra !== undefined) items.push(repeat(sequence(comma, extra), 0));
  return { kind: 'sequence', items };
}

/** At least one of optional members: each may be the first, and is followed by any of the later ones. */
function anyOfThem(members: readonly Member[], extra: GrammarNode | undefined, context: SchemaContext): GrammarNode {
  const comma = context.spelling.memberSeparator;
  let rest: GrammarNode = extra === undefined ? text('') : repeat(sequence(comma, extra), 0);
  const starts: GrammarNode[] = extra === undefined ? [] : [sequence(extra, rest)];
  for (let index = members.length - 1; index >= 0; index--) {
    const node = members[index]?.node ?? choice();
    const own = members.length > 1 ? context.define(node) : node;
    starts.unshift(sequence(own, rest));
    const tail = sequence(optional(sequence(comma, own)), rest);
    rest = index > 0 ? context.define(tail) : tail;
  }
  return { kind: 'choice', items: starts };
}
