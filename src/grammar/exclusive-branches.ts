/** Whether what the grammar writes for one alternative of `oneOf` can also be valid for another. */

import { type JsonSchema, member, type SchemaObject, schemaEntries, stringList } from '../schema/json-schema.ts';
import { areApart, typesOf } from './schema-facts.ts';

/** More alternatives are not compared. */
const maxBranches = 64;

/** Can no text written for one of these be valid for two? `rest`: what stands beside the list. */
export function areExclusive(branches: readonly JsonSchema[], rest: SchemaObject): boolean {
  if (branches.length > maxBranches) return false;
  return branches.every((a, index) =>
    branches.slice(index + 1).every((b) => areApart(a, b) || areApartAsWritten(a, b, rest)),
  );
}

/** Each demands a property that the other never writes, or that one forbids. */
function areApartAsWritten(a: JsonSchema, b: JsonSchema, rest: SchemaObject): boolean {
  if (!isPlainObject(a, rest) || !isPlainObject(b, rest)) return false;
  if (demanded(a).some((name) => forbids(b, name)) || demanded(b).some((name) => forbids(a, name))) return true;
  const isMissing = (from: SchemaObject, to: SchemaObject): boolean =>
    demanded(from).some((name) => !mayWrite(to, rest, name));
  return isMissing(a, b) && isMissing(b, a);
}

const combining = ['$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'dependentSchemas', 'dependencies', 'propertyNames'];

/** An object of which we see all that is said. */
function isPlainObject(schema: JsonSchema, rest: SchemaObject): schema is SchemaObject {
  if (typeof schema === 'boolean' || combining.some((key) => isSaid(schema, key) || isSaid(rest, key))) return false;
  const typed = isSaid(schema, 'type') || !isSaid(rest, 'type') ? schema : rest;
  return typesOf(typed).join() === 'object';
}

function isSaid(schema: SchemaObject, key: string): boolean {
  return member(schema, key) !== undefined;
}

function demanded(schema: SchemaObject): string[] {
  return stringList(member(schema, 'required'));
}

function declared(schema: SchemaObject): Map<string, JsonSchema> {
  return new Map(schemaEntries(member(schema, 'properties')));
}

/** Is every object with this property invalid? */
function forbids(schema: SchemaObject, name: string): boolean {
  const own = declared(schema).get(name);
  if (own !== undefined) return own === false;
  return member(schema, 'additionalProperties') === false && !isSaid(schema, 'patternProperties');
}

function mayWrite(schema: SchemaObject, rest: SchemaObject, name: string): boolean {
  const parts = [schema, rest];
  if (parts.some((part) => forbids(part, name))) return false;
  if (parts.some((part) => declared(part).has(name) || demanded(part).includes(name))) return true;
  // Where nothing is said of other properties, the grammar writes declared ones only.
  const isSilent = parts.every((part) => !isSaid(part, 'additionalProperties') && !isSaid(part, 'patternProperties'));
  return !isSilent || parts.every((part) => [...declared(part).values()].every((value) => value === false));
}
