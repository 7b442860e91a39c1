/** JSON Schema as data: a boolean or an object of keywords (draft-07 and 2020-12). */

import { isObject, type Json, type JsonObject } from '../base/json.ts';

/** A JSON Schema. */
export type JsonSchema = boolean | { readonly [keyword: string]: Json };

/** A JSON Schema that is not a boolean. */
export type SchemaObject = JsonObject;

/** The names `type` may have. */
export const typeNames = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const;
/** One of them. */
export type TypeName = (typeof typeNames)[number];

/** Is this one of JSON Schema's own type names? */
export function isTypeName(value: unknown): value is TypeName {
  return typeNames.some((name) => name === value);
}

/** Can this value be a schema at all? */
export function isSchema(value: Json | undefined): value is JsonSchema {
  return typeof value === 'boolean' || isObject(value);
}

/** The schemas in a keyword's list; what cannot be a schema is left out. */
export function schemaList(value: Json | undefined): JsonSchema[] {
  return Array.isArray(value) ? value.filter(isSchema) : [];
}

/** The named schemas of a keyword such as `properties`; what cannot be a schema is left out. */
export function schemaEntries(value: Json | undefined): [string, JsonSchema][] {
  if (!isJsonObject(value)) return [];
  return Object.entries(value).filter((entry): entry is [string, JsonSchema] => isSchema(entry[1]));
}

/** The strings in a keyword's list. */
export function stringList(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** A JSON object, not null and not a list. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return isObject(value);
}

/** An object's own member; inherited names such as `constructor` are absent. */
export function member(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
