/** Finds schemas whose every value would go on for ever, through references that each demand another value. */

import {
  isSchema,
  type JsonSchema,
  member,
  type SchemaObject,
  schemaEntries,
  schemaList,
  stringList,
} from './json-schema.ts';
import { resolveReference } from './resolve-reference.ts';

/** What must end for a schema's values to end: all of these, and one of each list. */
interface Demand {
  readonly all: readonly JsonSchema[];
  readonly some: readonly (readonly JsonSchema[])[];
}

/** Does every value that is valid against the schema contain another one without end? */
export function isEndless(root: JsonSchema): boolean {
  if (typeof root === 'boolean') return false;
  const demands = collect(root);
  const users = new Map<JsonSchema, SchemaObject[]>();
  for (const [schema, { all, some }] of demands)
    for (const part of [...all, ...some.flat()]) users.set(part, [...(users.get(part) ?? []), schema]);
  const ends = new Set<JsonSchema>();
  const doesEnd = (part: JsonSchema): boolean => typeof part === 'boolean' || ends.has(part);
  const work = [...demands.keys()];
  for (let schema = work.pop(); schema !== undefined; schema = work.pop()) {
    const demand = demands.get(schema);
    if (ends.has(schema) || demand === undefined) continue;
    if (!demand.all.every(doesEnd) || !demand.some.every((list) => list.some(doesEnd))) continue;
    ends.add(schema);
    work.push(...(users.get(schema) ?? []));
  }
  return !ends.has(root);
}

function collect(root: SchemaObject): Map<SchemaObject, Demand> {
  const demands = new Map<SchemaObject, Demand>();
  const work: JsonSchema[] = [root];
  for (let schema = work.pop(); schema !== undefined; schema = work.pop()) {
    if (typeof schema === 'boolean' || demands.has(schema)) continue;
    const demand = demandOf(schema, root);
    demands.set(schema, demand);
    work.push(...demand.all, ...demand.some.flat());
  }
  return demands;
}

function demandOf(schema: SchemaObject, root: JsonSchema): Demand {
  if (member(schema, 'enum') !== undefined || member(schema, 'const') !== undefined) return { all: [], some: [] };
  const reference = member(schema, '$ref');
  const target = typeof reference === 'string' ? resolveReference(root, reference) : undefined;
  const all = [...schemaList(member(schema, 'allOf')), ...(target === undefined ? [] : [target])];
  const type = member(schema, 'type');
  if (type === 'object') all.push(...requiredParts(schema));
  if (type === 'array') all.push(...itemParts(schema));
  const some = ['anyOf', 'oneOf'].map((key) => schemaList(member(schema, key))).filter((list) => list.length > 0);
  return { all, some };
}

function requiredParts(schema: SchemaObject): JsonSchema[] {
  const properties = new Map(schemaEntries(member(schema, 'properties')));
  return stringList(member(schema, 'required')).map((name) => properties.get(name) ?? true);
}

function itemParts(schema: SchemaObject): JsonSchema[] {
  const [least, items] = [member(schema, 'minItems'), member(schema, 'items')];
  if (typeof least !== 'number' || least < 1 || member(schema, 'prefixItems') !== undefined) return [];
  return isSchema(items) ? [items] : [];
}
