/** Refuses what cannot be a JSON Schema, with the caller's own path; lenient wherever a meaning can be found. */

import { RequestError } from '../base/errors.ts';
import { isDeeperThan, isObject, maxDepth } from '../base/json.ts';
import { isEndless } from './find-endless.ts';
import { type JsonSchema, member, type SchemaObject } from './json-schema.ts';
import { localiseReferences } from './localise-references.ts';
import { resolveReference } from './resolve-reference.ts';
import { listKeywords, mapKeywords, schemaKeywords, schemaPartsOf } from './schema-parts.ts';

type Test = readonly [expected: string, isFine: (value: unknown) => boolean];

const text: Test = ['a string', (value) => typeof value === 'string'];
const number: Test = ['a number', (value) => typeof value === 'number'];
const list: Test = ['a list', Array.isArray];
const isTextList = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Keywords whose value has a plain form; `null` counts as absent everywhere. */
const forms: Readonly<Record<string, Test>> = {
  type: ['a string or a list of strings', (value) => typeof value === 'string' || isTextList(value)],
  enum: list,
  required: ['a list of strings', (value) => typeof value === 'boolean' || isTextList(value)],
  $ref: text,
  pattern: text,
  format: text,
  minimum: number,
  maximum: number,
  multipleOf: number,
  minLength: number,
  maxLength: number,
  minItems: number,
  maxItems: number,
  minProperties: number,
  maxProperties: number,
};

/** Throws RequestError('invalid_schema') naming the place, `tools[0].function.parameters.properties.city.type`. */
export function checkSchema(schema: unknown, path: string): void {
  if (isDeeperThan(schema, maxDepth)) throw invalid(path, `a schema of at most ${maxDepth} levels`);
  checkPart(schema, path);
  if (!isSchemaObject(schema)) return;
  const localised = localiseReferences(schema);
  checkReferences(localised, localised, path);
  if (isEndless(localised))
    throw invalid(path, 'a schema that some value satisfies; this one demands another for ever');
}

function isSchemaObject(schema: unknown): schema is SchemaObject {
  return isObject(schema);
}

/** Addresses of JSON Schema itself, which tools for schemas refer to; what they demand is not enforced. */
const metaSchema = /^https?:\/\/json-schema\.org\/draft(?:-0\d|\/20\d\d-\d\d)\/schema#?$/;

function checkReferences(root: JsonSchema, start: JsonSchema, path: string): void {
  const work: (readonly [JsonSchema, string])[] = [[start, path]];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const [schema, at] = next;
    if (typeof schema === 'boolean') continue;
    const reference = member(schema, '$ref');
    if (typeof reference === 'string' && !metaSchema.test(reference) && resolveReference(root, reference) === undefined)
      throw invalid(`${at}.$ref`, missing(reference));
    for (const [keys, part] of schemaPartsOf(schema)) work.push([part, at + keys.map(step).join('')]);
  }
}

function step(key: string, index: number): string {
  return index > 0 && /^\d+$/.test(key) ? `[${key}]` : `.${key}`;
}

function missing(reference: string): string {
  const shown = reference.length > 200 ? `${reference.slice(0, 200)}…` : reference;
  if (reference.startsWith('#')) return `a reference to a part of the schema; it has no '${shown}'`;
  return `a reference to a part of the schema; '${shown}' is elsewhere, and other documents are not fetched`;
}

function checkPart(schema: unknown, path: string): void {
  if (typeof schema === 'boolean') return;
  if (!isObject(schema)) throw invalid(path, 'a JSON Schema (an object or a boolean)');
  for (const [key, value] of Object.entries(schema)) if (value !== null) checkKeyword(key, value, `${path}.${key}`);
}

function checkKeyword(key: string, value: unknown, path: string): void {
  const form = Object.hasOwn(forms, key) ? forms[key] : undefined;
  if (form !== undefined && !form[1](value)) throw invalid(path, form[0]);
  if (listKeywords.includes(key) || (key === 'items' && Array.isArray(value))) checkList(value, path);
  else if (schemaKeywords.includes(key)) checkPart(value, path);
  else if (mapKeywords.includes(key)) checkMap(value, path);
}

function checkList(value: unknown, path: string): void {
  if (!Array.isArray(value)) throw invalid(path, 'a list of schemas');
  value.forEach((part, index) => {
    checkPart(part, `${path}[${index}]`);
  });
}

function checkMap(value: unknown, path: string): void {
  if (!isObject(value)) throw invalid(path, 'an object of schemas');
  // Draft-07's `dependencies` may list names instead.
  for (const [name, part] of Object.entries(value)) if (!isTextList(part)) checkPart(part, `${path}.${name}`);
}

function invalid(path: string, expected: string): RequestError {
  return new RequestError('invalid_schema', `Invalid schema: '${path}' must be ${expected}.`, { param: path });
}
