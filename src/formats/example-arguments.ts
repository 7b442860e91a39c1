/** Arguments that show the shape of a call, made from a tool's own schema. */

import type { ExactJson } from '../base/json.ts';
import { JsonNumber, printExact } from '../base/json.ts';
import type { JsonSchema } from '../chat/tool.ts';

/** Objects inside objects are shown to this depth. */
const maxLevels = 3;

/** JSON text with the required properties (or, without any, the first); strings stand as `<key>`. */
export function exampleArguments(schema: JsonSchema): string {
  const value = exampleValue(schema, 'value', maxLevels);
  return value instanceof Map ? printExact(value, 'spaced') : '{}';
}

type SchemaObject = Exclude<JsonSchema, boolean>;

function exampleValue(schema: unknown, key: string, levels: number): ExactJson {
  if (!isSchemaObject(schema)) return `<${key}>`;
  const given = [schema['const'], schema['default'], first(schema['examples']), first(schema['enum'])];
  const found = given.find((value) => ['string', 'number', 'boolean'].includes(typeof value));
  if (typeof found === 'string' || typeof found === 'boolean') return found;
  if (typeof found === 'number') return new JsonNumber(String(found));
  const { type } = schema;
  switch (typeof type === 'string' ? type : first(type)) {
    case 'integer':
    case 'number':
      return new JsonNumber(typeof schema['minimum'] === 'number' ? String(schema['minimum']) : '1');
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      return levels > 0 ? [exampleValue(schema['items'], key, levels - 1)] : [];
    case 'object':
      return exampleObject(schema, levels);
    default:
      return isSchemaObject(schema['properties']) ? exampleObject(schema, levels) : `<${key}>`;
  }
}

function exampleObject(schema: SchemaObject, levels: number): Map<string, ExactJson> {
  const properties = isSchemaObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'].filter((key) => typeof key === 'string') : [];
  const shown = levels === 0 ? [] : required.length > 0 ? required : Object.keys(properties).slice(0, 1);
  const entries = shown.map((key): [string, ExactJson] => [
    key,
    exampleValue(Object.hasOwn(properties, key) ? properties[key] : true, key, levels - 1),
  ]);
  return new Map(entries);
}

function first(list: unknown): unknown {
  return Array.isArray(list) ? list[0] : undefined;
}

function isSchemaObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
