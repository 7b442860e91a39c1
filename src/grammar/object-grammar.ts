/** Grammar of objects: declared properties in their order, then others where the schema asks for them. */

import { type JsonSchema, member, type SchemaObject, schemaEntries, stringList } from '../schema/json-schema.ts';
import { type GrammarNode, optional, sequence, text } from './grammar.ts';
import { separated } from './json-text.ts';
import { type Member, memberList } from './object-members.ts';
import { type OtherMember, OtherMembers } from './other-members.ts';
import type { SchemaContext } from './schema-context.ts';
import { count } from './schema-facts.ts';
import type { Spelling } from './spelling.ts';

/** The objects a schema allows. */
export function objectNode(schema: SchemaObject, context: SchemaContext): GrammarNode {
  const { spelling } = context;
  const declared = new Map(schemaEntries(member(schema, 'properties')));
  const required = new Set(stringList(member(schema, 'required')));
  const names = new Set([...declared.keys(), ...required]);
  const others = new OtherMembers(schema, context);
  // A name that must not be there says nothing of what else may be.
  const hasDeclared = [...declared.values()].some((value) => value !== false);
  const extra = others.node(names, hasDeclared);
  const members = [...names].flatMap((name): Member[] => {
    const value = others.valueOf(name, declared.get(name), required.has(name));
    if (value === false && !required.has(name)) return [];
    const written = declaredMember(name, value, context);
    if (written === undefined && required.has(name)) context.relax('required');
    return written === undefined ? [] : [{ node: written, isRequired: required.has(name) }];
  });
  const [min, max] = [count(schema, 'minProperties') ?? 0, count(schema, 'maxProperties') ?? Infinity];
  if (max < min) return context.never();
  if (declared.size === 0 && members.length === 0) return mapNode({ extra, min, max }, spelling.map, context);
  if (members.length === 0) return mapNode({ extra, min, max }, spelling, context);
  const isAnyOrder = context.anyOrder || [...declared.keys()].some(isIndex);
  return spelling.object(memberList({ members, extra: extra?.node, min, max, isAnyOrder }, context));
}

/** JavaScript moves names like these to the front, so the order in which the schema was written is not known. */
function isIndex(name: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(name);
}

/** Undefined if the notation cannot write such a name. */
function declaredMember(name: string, value: JsonSchema, context: SchemaContext): GrammarNode | undefined {
  const place = context.spelling.member(name);
  if (place !== undefined) return sequence(place.before, context.value(value, place.value));
  context.relax('properties');
  return undefined;
}

interface Entries {
  readonly extra: OtherMember | undefined;
  readonly min: number;
  readonly max: number;
}

/** An object without declared properties: any names, so many as the schema allows. */
function mapNode({ extra, min, max }: Entries, spelling: Spelling, context: SchemaContext): GrammarNode {
  // Nothing keeps a model from writing a name twice, and then there is one less.
  if (min > 1) context.relax('minProperties');
  if (extra === undefined || max === 0) return min === 0 ? spelling.object(text('')) : context.never();
  if (extra.isOpen && min === 0 && max === Infinity) return spelling.anyObject;
  const entries = separated(extra.node, spelling.memberSeparator, { min, max });
  return spelling.object(min === 0 ? optional(entries) : entries);
}
