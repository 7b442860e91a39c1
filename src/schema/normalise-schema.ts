/** Rewrites the habits of many callers into plain JSON Schema: type names of other languages, `required: true`, … */

import { isObject, type Json, maxDepth } from '../base/json.ts';
import { isOfType } from './check-scalar.ts';
import {
  isJsonObject,
  isTypeName,
  type JsonSchema,
  member,
  type SchemaObject,
  stringList,
  type TypeName,
} from './json-schema.ts';
import { localiseReferences } from './localise-references.ts';
import { mapParts } from './schema-parts.ts';

/** Type names people write, in lower case. */
const otherNames: Readonly<Record<string, TypeName>> = {
  bool: 'boolean',
  char: 'string',
  date: 'string',
  datetime: 'string',
  decimal: 'number',
  dict: 'object',
  dictionary: 'object',
  double: 'number',
  enum: 'string',
  float: 'number',
  hashmap: 'object',
  int: 'integer',
  list: 'array',
  long: 'integer',
  map: 'object',
  none: 'null',
  set: 'array',
  str: 'string',
  text: 'string',
  tuple: 'array',
};

/** The same demands in plain JSON Schema; idempotent, and what it does not know it leaves alone. */
export function normaliseSchema(schema: JsonSchema): JsonSchema {
  return normalise(localiseReferences(schema), 0);
}

function normalise(schema: JsonSchema, depth: number): JsonSchema {
  if (typeof schema === 'boolean' || depth > maxDepth) return schema;
  const parts = mapParts(withoutNullProperties(schema), (part) => normalise(part, depth + 1));
  const changes = new Map<string, Json | undefined>([
    ['type', plainType(parts)],
    ['enum', plainEnum(parts)],
    ['required', plainRequired(schema)],
  ]);
  const kept = Object.entries(parts).map(([key, value]) => [key, changes.has(key) ? changes.get(key) : value] as const);
  const added =
    changes.get('required') === undefined || Object.hasOwn(parts, 'required')
      ? []
      : [['required', changes.get('required')] as const];
  const entries = [...kept, ...added].filter((entry): entry is readonly [string, Json] => entry[1] !== undefined);
  return plainNullable(Object.fromEntries(entries));
}

/** Beside a list of alternatives or a reference `nullable` means that `null` is one more alternative. */
function plainNullable(schema: SchemaObject): SchemaObject {
  if (member(schema, 'nullable') !== true || member(schema, 'type') !== undefined) return schema;
  const { nullable: _, ...others } = schema;
  const any = member(others, 'anyOf');
  if (Array.isArray(any)) return { ...others, anyOf: [...any, { type: 'null' }] };
  const isWrapped = ['$ref', 'allOf', 'oneOf'].some((key) => member(others, key) !== undefined);
  return isWrapped ? { anyOf: [others, { type: 'null' }] } : schema;
}

/** `properties: null` and `required: null` mean that there are none. */
function withoutNullProperties(schema: SchemaObject): SchemaObject {
  const absent = ['properties', 'required', 'enum', 'items', 'type', 'description', 'additionalProperties'];
  return Object.fromEntries(Object.entries(schema).filter(([key, value]) => value !== null || !absent.includes(key)));
}

/** Known names only; undefined if none is left. An `enum` without a value of the type counts for more than the type. */
function plainType(schema: SchemaObject): Json | undefined {
  const type = member(schema, 'type');
  const written = typeof type === 'string' ? [type] : stringList(type);
  const named = written.map(plainName);
  // One unknown name may stand for anything.
  const known = [...new Set(named)].filter((name) => name !== undefined);
  if (known.length === 0 || named.includes(undefined)) return undefined;
  const listed = member(schema, 'enum');
  const all = member(schema, 'nullable') === true ? [...known, 'null'] : known;
  if (Array.isArray(listed) && listed.length > 0 && !listed.some((value) => isOfType(value, all))) return undefined;
  return typeof type === 'string' ? known[0] : known;
}

function plainName(name: string): TypeName | undefined {
  const lower = name.trim().toLowerCase();
  if (isTypeName(lower)) return lower;
  const base = lower.replace(/[<[(].*$/, '');
  return Object.hasOwn(otherNames, base) ? otherNames[base] : undefined;
}

/** An empty list forbids everything and is never meant. */
function plainEnum(schema: SchemaObject): Json | undefined {
  const listed = member(schema, 'enum');
  return Array.isArray(listed) && listed.length === 0 ? undefined : listed;
}

/** `required: true` inside a property moves to the object's list. */
function plainRequired(schema: SchemaObject): Json | undefined {
  const listed = stringList(member(schema, 'required'));
  const properties = member(schema, 'properties');
  const marked = isJsonObject(properties)
    ? Object.entries(properties).filter(([, part]) => isObject(part) && part['required'] === true)
    : [];
  const all = new Set([...listed, ...marked.map(([name]) => name)]);
  return all.size === 0 ? undefined : [...all];
}
