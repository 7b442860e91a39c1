/** Refuses what cannot be a JSON Schema, with the caller's own path; lenient wherever a meaning can be found. */

import { RequestError } from '../base/errors.ts';
import { isDeeperThan, isObject, maxDepth } from '../base/json.ts';
import { listKeywords, mapKeywords, schemaKeywords } from './schema-parts.ts';

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
  for (const [name, part] of Object.entries(value)) checkPart(part, `${path}.${name}`);
}

function invalid(path: string, expected: string): RequestError {
  return new RequestError('invalid_schema', `Invalid schema: '${path}' must be ${expected}.`, { param: path });
}
