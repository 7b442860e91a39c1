/** A caller's JSON against a schema: every problem with the field's path, of the chosen branch alone where `kind` chooses. */

import type { Static, TSchema } from 'typebox';
import { Check, Errors } from 'typebox/schema';
import { type ErrorCode, RequestError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import { nearest } from '../../base/nearest.ts';

/** One thing that is wrong. */
interface Problem {
  readonly code: ErrorCode;
  readonly path: string;
  readonly message: string;
}

/** So many problems are told at once; the first one is the error's `param`. */
const maxTold = 5;
/** So many are looked for: a body can have a million. */
const maxFound = 20;

/** The value as its type; throws RequestError that names the field. `path` = what the value is called itself. */
export function checkInput<Schema extends TSchema>(schema: Schema, value: unknown, path = ''): Static<Schema> {
  const problems: Problem[] = [];
  if (isObject(schema)) collect({ schema, value, path, problems });
  const [first] = problems;
  if (first === undefined && Check(schema, value)) return value;
  if (first === undefined) throw new RequestError('invalid_value', 'The input does not match its schema.');
  const told = problems.slice(0, maxTold).map(({ message }) => message);
  const more = problems.length > maxTold ? ' There is more.' : '';
  throw new RequestError(first.code, told.join(' ') + more, first.path === '' ? {} : { param: first.path });
}

/** A schema as plain data, one value, and where the problems go. */
interface Spot {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly value: unknown;
  readonly path: string;
  readonly problems: Problem[];
}

/** Its depth is the schema's, which is ours; a caller's nesting beyond it is not walked. */
function collect(spot: Spot): void {
  const { schema, problems } = spot;
  if (problems.length >= maxFound) return;
  if (Array.isArray(schema['anyOf'])) collectBranch(spot, schema['anyOf'].filter(isObject));
  else if (isObject(schema['properties'])) collectObject(spot, schema['properties']);
  else if (isObject(schema['patternProperties'])) collectRecord(spot, schema['patternProperties']);
  else if (schema['type'] === 'array' && isObject(schema['items'])) collectArray(spot, schema['items']);
  else collectShallow(spot, schema);
}

function collectBranch(spot: Spot, branches: ReadonlyArray<Record<string, unknown>>): void {
  const { value, path, problems } = spot;
  const chosen = branches.length === 1 ? branches[0] : branches.find((branch) => isMeant(branch, value));
  if (chosen !== undefined) {
    collect({ ...spot, schema: chosen });
    return;
  }
  const kinds = branches.flatMap((branch) => kindOf(branch) ?? []);
  const isByKind = kinds.length === branches.length;
  if (isByKind && !isObject(value)) problems.push(wrongType(path, 'an object', value));
  else if (isByKind && isObject(value) && value['kind'] === undefined) problems.push(missing(join(path, 'kind')));
  else if (isByKind) problems.push(notOneOf(join(path, 'kind'), kinds, isObject(value) ? value['kind'] : value));
  else {
    const types = branches.map((branch) => String(branch['type'] ?? 'value'));
    problems.push(wrongType(path, types.join(' or '), value));
  }
}

/** By `kind` where the branches have one, else by the kind of JSON. */
function isMeant(branch: Readonly<Record<string, unknown>>, value: unknown): boolean {
  const kind = kindOf(branch);
  if (kind !== undefined) return isObject(value) && value['kind'] === kind;
  return isOfType(branch['type'], value);
}

function kindOf(branch: Readonly<Record<string, unknown>>): string | undefined {
  const properties = branch['properties'];
  const kind = isObject(properties) ? properties['kind'] : undefined;
  return isObject(kind) && typeof kind['const'] === 'string' ? kind['const'] : undefined;
}

function collectObject(spot: Spot, properties: Readonly<Record<string, unknown>>): void {
  const { schema, value, path, problems } = spot;
  if (!isObject(value)) {
    problems.push(wrongType(path, 'an object', value));
    return;
  }
  const known = Object.keys(properties);
  const unknown = Object.keys(value).filter((key) => !Object.hasOwn(properties, key));
  if (schema['additionalProperties'] === false)
    for (const key of unknown.slice(0, maxFound)) problems.push(unknownField(path, key, known));
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  for (const key of known) {
    const inner = properties[key];
    if (Object.hasOwn(value, key) && isObject(inner))
      collect({ schema: inner, value: value[key], path: join(path, key), problems });
    else if (required.includes(key)) problems.push(missing(join(path, key)));
  }
}

/** Keys that no pattern allows are refused, whether the schema says so or not. */
function collectRecord(spot: Spot, patterns: Readonly<Record<string, unknown>>): void {
  const { schema, value, path, problems } = spot;
  if (!isObject(value)) {
    problems.push(wrongType(path, 'an object', value));
    return;
  }
  const before = problems.length;
  const { patternProperties: _, ...shallow } = schema;
  collectShallow(spot, shallow);
  if (problems.length > before) return;
  for (const [key, inner] of Object.entries(value)) {
    const place = join(path, shorten(key));
    const [, itemSchema] = Object.entries(patterns).find(([pattern]) => new RegExp(pattern, 'u').test(key)) ?? [];
    if (isObject(itemSchema)) collect({ schema: itemSchema, value: inner, path: place, problems });
    else problems.push({ code: 'invalid_value', path: place, message: `'${place}' is not a possible name here.` });
  }
}

function collectArray(spot: Spot, itemSchema: Readonly<Record<string, unknown>>): void {
  const { schema, value, path, problems } = spot;
  if (!Array.isArray(value)) {
    problems.push(wrongType(path, 'an array', value));
    return;
  }
  const before = problems.length;
  collectShallow(spot, { ...schema, items: {} });
  // What is too long is not looked at item by item.
  if (problems.length > before) return;
  for (const [index, item] of value.entries())
    collect({ schema: itemSchema, value: item, path: `${path}[${index}]`, problems });
}

function collectShallow({ value, path, problems }: Spot, schema: Readonly<Record<string, unknown>>): void {
  const long = tooLong(schema, value);
  if (long !== undefined) {
    problems.push({ code: 'invalid_value', path, message: `${named(path)} ${long}.` });
    return;
  }
  if (Check(schema, value)) return;
  const type = schema['type'];
  if (typeof type === 'string' && !isOfType(type, value)) {
    problems.push(wrongType(path, articleOf(type), value));
    return;
  }
  const allowed = Array.isArray(schema['enum']) ? schema['enum'] : 'const' in schema ? [schema['const']] : undefined;
  if (allowed !== undefined) problems.push(notOneOf(path, allowed.map(String), value));
  else {
    const reason = Errors(schema, value)[1][0]?.message ?? 'is not allowed';
    problems.push({ code: 'invalid_value', path, message: `${named(path)} ${reason}.` });
  }
}

/** Looked at first: the library compares all items with each other, and counts what readers see as characters. */
function tooLong(schema: Readonly<Record<string, unknown>>, value: unknown): string | undefined {
  const { maxItems, maxLength } = schema;
  if (Array.isArray(value) && typeof maxItems === 'number' && value.length > maxItems)
    return `must not have more than ${maxItems} items`;
  if (typeof value === 'string' && typeof maxLength === 'number' && value.length > maxLength)
    return `must not have more than ${maxLength} characters`;
  return undefined;
}

function isOfType(type: unknown, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'null':
      return value === null;
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function missing(path: string): Problem {
  return { code: 'missing_field', path, message: `'${path}' is missing.` };
}

function unknownField(path: string, key: string, known: readonly string[]): Problem {
  const place = join(path, shorten(key));
  // A long name has no near one, and would be dear to compare.
  const meant = key.length <= 64 ? nearest(key, known) : undefined;
  const hint = meant === undefined ? '' : ` Did you mean '${meant}'?`;
  return { code: 'unsupported_field', path: place, message: `'${place}' is not a known field.${hint}` };
}

function wrongType(path: string, expected: string, value: unknown): Problem {
  return { code: 'invalid_type', path, message: `${named(path)} must be ${expected}, but is ${typeName(value)}.` };
}

function notOneOf(path: string, allowed: readonly string[], value: unknown): Problem {
  const list = allowed.map((item) => `'${item}'`).join(', ');
  const meant = typeof value === 'string' && value.length <= 64 ? nearest(value, allowed) : undefined;
  const hint = meant === undefined ? '' : ` Did you mean '${meant}'?`;
  return {
    code: 'invalid_value',
    path,
    message: `${named(path)} must be ${allowed.length === 1 ? list : `one of ${list}`}.${hint}`,
  };
}

function named(path: string): string {
  return path === '' ? 'The body' : `'${path}'`;
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function shorten(key: string): string {
  return key.length <= 100 ? key : `${key.slice(0, 100)}…`;
}

function articleOf(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return Array.isArray(value) ? 'an array' : articleOf(typeof value);
}
