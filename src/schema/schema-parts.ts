/** Where schemas stand inside a schema; values such as `enum` and `default` hold none. */

import type { Json } from '../base/json.ts';
import { isJsonObject, isSchema, type JsonSchema, type SchemaObject } from './json-schema.ts';

/** Keywords whose value is one schema (`items`: or a list). */
export const schemaKeywords: readonly string[] = [
  'additionalItems',
  'additionalProperties',
  'contains',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
];
/** Keywords whose value is a list of schemas. */
export const listKeywords: readonly string[] = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
/** Keywords whose value maps names to schemas. */
export const mapKeywords: readonly string[] = [
  '$defs',
  'definitions',
  'dependencies',
  'dependentSchemas',
  'patternProperties',
  'properties',
];

/** The schema with `change` applied to each schema directly inside it. */
export function mapParts(schema: SchemaObject, change: (part: JsonSchema) => JsonSchema): SchemaObject {
  const changed = (value: Json): Json => (isSchema(value) ? change(value) : value);
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]): [string, Json] => {
      if (listKeywords.includes(key) || (key === 'items' && Array.isArray(value)))
        return [key, Array.isArray(value) ? value.map(changed) : value];
      if (schemaKeywords.includes(key)) return [key, changed(value)];
      if (!mapKeywords.includes(key) || !isJsonObject(value)) return [key, value];
      return [key, Object.fromEntries(Object.entries(value).map(([name, part]) => [name, changed(part)]))];
    }),
  );
}

/** The schemas directly inside a schema, each with the keys that lead to it. */
export function schemaPartsOf(schema: SchemaObject): (readonly [path: readonly string[], part: JsonSchema])[] {
  const out: (readonly [readonly string[], JsonSchema])[] = [];
  const add = (part: Json, ...path: readonly string[]): void => {
    if (isSchema(part)) out.push([path, part]);
  };
  for (const [key, value] of Object.entries(schema)) {
    if (listKeywords.includes(key) || key === 'items') {
      if (Array.isArray(value)) value.forEach((part, index) => void add(part, key, String(index)));
      else add(value, key);
    } else if (schemaKeywords.includes(key)) add(value, key);
    else if (mapKeywords.includes(key) && isJsonObject(value))
      for (const [name, part] of Object.entries(value)) add(part, key, name);
  }
  return out;
}
