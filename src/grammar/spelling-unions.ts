/** Unions where a reader cannot tell strings from other values by their spelling alone. */

import { type JsonSchema, member, type SchemaObject, stringList } from '../schema/json-schema.ts';
import { constrains, literalValues, typesOf, without } from './schema-facts.ts';

/**
 * A text that is valid for another branch is read as that branch's value, all other text as a string. So the text of
 * a value that fails a keyword no grammar enforces becomes a string, and that must be allowed. Is it certain to be?
 */
export function isUnionClear(branches: readonly JsonSchema[]): boolean {
  if (branches.some(isAnyString)) return true;
  return !branches.some(mayBeString) || branches.every((branch) => isOnlyString(branch) || isPlainScalar(branch));
}

/** Does it allow every string? */
export function isAnyString(schema: JsonSchema): boolean {
  if (typeof schema === 'boolean') return schema;
  return !constrains(without(schema, 'type', 'nullable')) && typesOf(schema).includes('string');
}

function mayBeString(schema: JsonSchema): boolean {
  if (typeof schema === 'boolean') return schema;
  const values = literalValues(schema);
  if (values !== undefined) return values.some((value) => typeof value === 'string');
  return isCombined(schema) || typesOf(schema).includes('string');
}

/** Do other keywords decide which types there are? */
function isCombined(schema: SchemaObject): boolean {
  return ['$ref', 'allOf', 'anyOf', 'oneOf'].some((keyword) => member(schema, keyword) !== undefined);
}

function isOnlyString(schema: JsonSchema): boolean {
  if (typeof schema === 'boolean' || isCombined(schema)) return false;
  return literalValues(schema) === undefined && typesOf(schema).join() === 'string';
}

const scalars = new Set(['null', 'boolean', 'integer', 'number', 'string']);

/** Scalars that a grammar writes exactly as they are allowed. */
function isPlainScalar(schema: JsonSchema): boolean {
  if (typeof schema === 'boolean' || constrains(without(schema, 'type', 'nullable', 'enum', 'const'))) return false;
  if (literalValues(schema) !== undefined) return true;
  const type = member(schema, 'type');
  return (typeof type === 'string' ? [type] : stringList(type)).every((name) => name !== 'string' && scalars.has(name));
}
