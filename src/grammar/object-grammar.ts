/** Grammar of JSON objects: declared properties in their order, then others where the schema asks for them. */

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
import { colon, comma, jsonObject, jsonString, jsonValue } from './json-text.ts';
import { otherKey } from './other-key.ts';
import type { SchemaContext } from './schema-context.ts';
import { count } from './schema-facts.ts';

/** A property that may be written, as `"name": value`. */
interface Member {
  readonly node: GrammarNode;
  readonly isRequired: boolean;
}

/** The objects a schema allows. */
export function objectNode(schema: SchemaObject, context: SchemaContext): GrammarNode {
  const declared = new Map(schemaEntries(member(schema, 'properties')));
  const required = new Set(stringList(member(schema, 'required')));
  const others = otherValues(schema, declared.size > 0, context);
  for (const name of required) if (!declared.has(name)) declareUndeclared(name, schema, declared, context);
  relaxNames(schema, [...declared.keys()], context);
  const members = [...declared].map(
    ([name, value]): Member => ({
      node: sequence(text(JSON.stringify(name)), colon, context.value(value)),
      isRequired: required.has(name),
    }),
  );
  if (members.length === 0) return mapNode(schema, others, context);
  relaxCounts(schema, members, others !== undefined, context);
  const extra = others === undefined ? undefined : sequence(otherKey([...declared.keys()]), colon, others);
  return sequence(text('{'), body(members, extra, context), text('}'));
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

/**
 * The values of properties that are not declared; undefined if there shall be none. Where the schema is silent, a
 * model writes only what is declared.
 */
function otherValues(schema: SchemaObject, hasDeclared: boolean, context: SchemaContext): GrammarNode | undefined {
  const rest = member(schema, 'additionalProperties');
  if (hasPatterns(schema)) {
    if (hasDeclared && rest === undefined) return undefined;
    return patternValues(schema, rest, context);
  }
  if (rest === false || (rest === undefined && hasDeclared)) return undefined;
  return isSchema(rest) ? context.value(rest) : jsonValue;
}

/** Declared names are not held against `propertyNames`, nor their values against the patterns they match. */
function relaxNames(schema: SchemaObject, names: readonly string[], context: SchemaContext): void {
  if ((member(schema, 'propertyNames') ?? true) !== true) context.relax('propertyNames');
  for (const [source] of schemaEntries(member(schema, 'patternProperties')))
    if (names.some((name) => compilePattern(source)?.matches(name) !== false)) context.relax('patternProperties');
}

/** Names are not matched against the patterns, so each may have the value of any pattern. */
function patternValues(schema: SchemaObject, rest: Json | undefined, context: SchemaContext): GrammarNode {
  context.relax('patternProperties');
  if (rest === false) context.relax('additionalProperties');
  const values = schemaEntries(member(schema, 'patternProperties')).map(([, value]) => context.value(value));
  if (rest === undefined || rest === true) return jsonValue;
  if (isJsonObject(rest)) values.push(context.value(rest));
  return choice(...values);
}

/** An object without declared properties: any names, so many as the schema allows. */
function mapNode(schema: SchemaObject, value: GrammarNode | undefined, context: SchemaContext): GrammarNode {
  const min = count(schema, 'minProperties') ?? 0;
  const max = count(schema, 'maxProperties') ?? Infinity;
  if (min > 1) context.relax('minProperties');
  if (value === undefined || max === 0) return min === 0 ? text('{}') : context.never();
  if (max < min) return context.never();
  if (value === jsonValue && min === 0 && max === Infinity) return jsonObject;
  const entry = sequence(jsonString(), colon, value);
  const entries = sequence(
    entry,
    repeat(sequence(comma, entry), Math.max(0, min - 1), max === Infinity ? undefined : max - 1),
  );
  return sequence(text('{'), min === 0 ? optional(entries) : entries, text('}'));
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
  if (first !== -1) return aroundRequired(members, first, extra);
  return optional(anyOfThem(members, extra, context));
}

/** A required member needs no comma of its own: those before bring theirs behind, those after bring theirs before. */
function aroundRequired(members: readonly Member[], first: number, extra: GrammarNode | undefined): GrammarNode {
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
