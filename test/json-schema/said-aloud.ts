/** A schema that says what it otherwise leaves open; its meaning is the same. */

import { isJsonObject, type JsonSchema, member, type SchemaObject } from '../../src/schema/json-schema.ts';
import { mapParts } from '../../src/schema/schema-parts.ts';

const allTypes = ['object', 'array', 'string', 'number', 'boolean', 'null'];

/** Every schema inside names its types, its other properties and its other items. */
export function saidAloud(schema: JsonSchema): JsonSchema {
  // What is said aloud counts as evaluated.
  return aloud(schema, JSON.stringify(schema).includes('"unevaluated'));
}

function aloud(schema: JsonSchema, onlyTypes: boolean): JsonSchema {
  if (typeof schema === 'boolean') return schema;
  const parts = mapParts(schema, (part) => aloud(part, onlyTypes));
  if (onlyTypes) return { ...typesOf(parts), ...parts };
  return { ...typesOf(parts), ...parts, ...propertiesOf(parts), ...itemsOf(parts) };
}

function typesOf(schema: SchemaObject): SchemaObject {
  const isDecided = ['type', 'enum', 'const', '$ref'].some((key) => member(schema, key) !== undefined);
  return isDecided ? {} : { type: allTypes };
}

function propertiesOf(schema: SchemaObject): SchemaObject {
  if (member(schema, '$ref') !== undefined || member(schema, 'additionalProperties') !== undefined) return {};
  const speaks = [
    ...['properties', 'patternProperties', 'required', 'not', 'if', 'then', 'else'],
    ...['dependencies', 'dependentRequired', 'dependentSchemas'],
  ].some((key) => isThere(schema, key));
  return speaks ? { additionalProperties: true } : {};
}

function isThere(schema: SchemaObject, key: string): boolean {
  const value = member(schema, key);
  return Array.isArray(value) || isJsonObject(value);
}

function itemsOf(schema: SchemaObject): SchemaObject {
  const items = member(schema, 'items');
  if (member(schema, 'prefixItems') !== undefined) return items === undefined ? { items: true } : {};
  return Array.isArray(items) && member(schema, 'additionalItems') === undefined ? { additionalItems: true } : {};
}
