/** Turns what a model wrote into what the schema asks for, where only one reading makes sense. */

import { isDeeperThan, isObject, type Json, maxDepth } from '../base/json.ts';
import { isOfType, typesOf } from './check-scalar.ts';
import { type Evaluation, propertyPath } from './evaluation.ts';
import { isSchema, type JsonSchema, member, type SchemaObject, schemaEntries, schemaList } from './json-schema.ts';
import { createEvaluation } from './validate.ts';

/** The value to use, and what was done to it: `string-to-integer at count`. */
export interface Coerced {
  readonly value: unknown;
  readonly changes: readonly string[];
}

/** Schemas looked at before the rest is left as it is. */
const maxSteps = 5_000;
const maxNesting = 200;

/** Changes nothing that is valid; what no rule can make valid stays as it was. */
export function coerce(schema: JsonSchema, value: unknown): Coerced {
  if (isDeeperThan(value, maxDepth)) return { value, changes: [] };
  return new Coercion(schema).whole(value);
}

/** A conversion that applied: its name and result. */
interface Conversion {
  readonly rule: string;
  readonly value: unknown;
}

class Coercion {
  readonly #schema: JsonSchema;
  readonly #evaluation: Evaluation;
  readonly #changes: string[] = [];
  #steps = 0;
  #nesting = 0;

  constructor(schema: JsonSchema) {
    this.#schema = schema;
    this.#evaluation = createEvaluation(schema);
  }

  whole(value: unknown): Coerced {
    const result = this.#value(this.#schema, value, '');
    return { value: result, changes: this.#changes };
  }

  #value(schema: JsonSchema, value: unknown, path: string): unknown {
    if (typeof schema === 'boolean' || ++this.#steps > maxSteps || this.#nesting > maxNesting) return value;
    if (this.#evaluation.isValid(schema, value, path)) return value;
    this.#nesting++;
    const result = this.#changed(schema, value, path);
    this.#nesting--;
    return result;
  }

  #changed(schema: SchemaObject, value: unknown, path: string): unknown {
    let result = value;
    const target = this.#evaluation.resolve(schema);
    if (target !== undefined) result = this.#value(target, result, path);
    for (const part of schemaList(member(schema, 'allOf'))) result = this.#value(part, result, path);
    result = this.#own(schema, result, path);
    for (const keyword of ['anyOf', 'oneOf']) result = this.#alternative(schema, keyword, { value: result, path });
    return result;
  }

  /** The first alternative that some conversion satisfies. */
  #alternative(schema: SchemaObject, keyword: string, { value, path }: { value: unknown; path: string }): unknown {
    const parts = schemaList(member(schema, keyword));
    if (parts.some((part) => this.#evaluation.isValid(part, value, path))) return value;
    for (const part of parts) {
      const before = this.#changes.length;
      const result = this.#value(part, value, path);
      if (this.#evaluation.isValid(part, result, path)) return result;
      this.#changes.length = before;
    }
    return value;
  }

  /** The schema's own literal values and types, then the parts of the value. */
  #own(schema: SchemaObject, value: unknown, path: string): unknown {
    const conversion = convertToLiteral(schema, value) ?? convertToType(schema, value);
    let result = value;
    if (conversion !== undefined) {
      result = conversion.value;
      this.#changes.push(path === '' ? conversion.rule : `${conversion.rule} at ${path}`);
    }
    if (Array.isArray(result)) return this.#items(schema, result, path);
    return isObject(result) ? this.#properties(schema, result, path) : result;
  }

  #items(schema: SchemaObject, value: readonly unknown[], path: string): unknown[] {
    const items = member(schema, 'items');
    const prefix = schemaList(member(schema, 'prefixItems') ?? items);
    return value.map((item, index) => {
      const part = prefix[index] ?? (isSchema(items) ? items : true);
      return this.#value(part, item, `${path}[${index}]`);
    });
  }

  #properties(schema: SchemaObject, value: Readonly<Record<string, unknown>>, path: string): unknown {
    const declared = new Map(schemaEntries(member(schema, 'properties')));
    const rest = member(schema, 'additionalProperties');
    const names = meantNames(schema, value);
    const members = Object.entries(value).flatMap(([written, item]): [string, unknown][] => {
      const name = names.get(written);
      if (name !== written) {
        const rule = name === undefined ? 'dropped-property' : 'renamed-property';
        this.#changes.push(`${rule} at ${propertyPath(path, written)}`);
      }
      if (name === undefined) return [];
      const part = declared.get(name) ?? (isSchema(rest) ? rest : true);
      if (this.#isVoid(schema, { part, item, name, path })) return [];
      return [[name, this.#value(part, item, propertyPath(path, name))]];
    });
    return Object.fromEntries(members);
  }

  /** Models write null for what they leave out. */
  #isVoid(schema: SchemaObject, { part, item, name, path }: VoidProperty): boolean {
    if (item !== null || requiredNames(schema).includes(name)) return false;
    const place = propertyPath(path, name);
    if (this.#evaluation.isValid(part, item, place)) return false;
    this.#changes.push(`dropped-null at ${place}`);
    return true;
  }
}

interface VoidProperty {
  readonly part: JsonSchema;
  readonly item: unknown;
  readonly name: string;
  readonly path: string;
}

/** A property's name without case and separators: what models get wrong about it. */
export function bareName(name: string): string {
  return name.toLowerCase().replace(/[\s_.-]+/g, '');
}

function byBareName(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const group = groups.get(bareName(name));
    if (group === undefined) groups.set(bareName(name), [name]);
    else group.push(name);
  }
  return groups;
}

/**
 * By the name that was written: the declared one that alone differs from it in case and separators only and is
 * missing; itself if there is none; undefined if the schema does not allow it at all.
 */
function meantNames(schema: SchemaObject, value: Readonly<Record<string, unknown>>): Map<string, string | undefined> {
  const declared = schemaEntries(member(schema, 'properties')).map(([name]) => name);
  const known = new Set(declared);
  const isClosed = member(schema, 'additionalProperties') === false && !hasPatterns(schema);
  const wanted = new Set(requiredNames(schema));
  const missing = byBareName(declared.filter((name) => !Object.hasOwn(value, name) && (isClosed || wanted.has(name))));
  const written = byBareName(Object.keys(value));
  const meant = (name: string): string | undefined => {
    if (known.has(name)) return name;
    const [only, second] = missing.get(bareName(name)) ?? [];
    if (only !== undefined && second === undefined && written.get(bareName(name))?.length === 1) return only;
    return isClosed ? undefined : name;
  };
  return new Map(Object.keys(value).map((name) => [name, meant(name)]));
}

function requiredNames(schema: SchemaObject): readonly Json[] {
  const required = member(schema, 'required');
  return Array.isArray(required) ? required : [];
}

/** Which properties such a schema allows is not decided by their names alone. */
function hasPatterns(schema: SchemaObject): boolean {
  return member(schema, 'patternProperties') !== undefined;
}

/** The one listed value that differs only in case or in being written as a string. */
function convertToLiteral(schema: SchemaObject, value: unknown): Conversion | undefined {
  const listed = member(schema, 'enum');
  const fixed = member(schema, 'const');
  const options: readonly Json[] = Array.isArray(listed) ? listed : fixed === undefined ? [] : [fixed];
  if (options.length === 0 || typeof value === 'object' || options.some((option) => option === value)) return undefined;
  const wanted = String(value).trim().toLowerCase();
  const found = options.filter((option) => typeof option !== 'object' && String(option).toLowerCase() === wanted);
  const [only] = found;
  return found.length === 1
    ? { rule: typeof only === typeof value ? 'enum-case' : 'enum-type', value: only }
    : undefined;
}

function convertToType(schema: SchemaObject, value: unknown): Conversion | undefined {
  const types = typesOf(schema);
  if (types === undefined || isOfType(value, types)) return undefined;
  if (typeof value === 'string') {
    const read = readString(value, types);
    if (read !== undefined) return read;
  }
  if (types.includes('string') && (typeof value === 'number' || typeof value === 'boolean'))
    return { rule: `${typeof value}-to-string`, value: String(value) };
  if (types.includes('array') && value !== null) return { rule: 'wrapped-in-array', value: [value] };
  return undefined;
}

/** The value of a longer integer is a double; `coerceExact` keeps its digits. */
const integerText = /^[+-]?\d{1,40}(?:\.0{1,15})?$/;
const numberText = /^[+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:e[+-]?\d{1,3})?$/i;

/** The value a string spells, if it is of one of these types. */
function readString(text: string, types: readonly string[]): Conversion | undefined {
  const trimmed = text.trim();
  if (types.includes('integer') && integerText.test(trimmed))
    return { rule: 'string-to-integer', value: Number(trimmed) };
  if (types.includes('number') && numberText.test(trimmed) && Number.isFinite(Number(trimmed)))
    return { rule: 'string-to-number', value: Number(trimmed) };
  const word = trimmed.toLowerCase();
  if (types.includes('boolean') && (word === 'true' || word === 'false'))
    return { rule: 'string-to-boolean', value: word === 'true' };
  if (types.includes('null') && (word === 'null' || word === 'none')) return { rule: 'string-to-null', value: null };
  return readJson(trimmed, types);
}

function readJson(text: string, types: readonly string[]): Conversion | undefined {
  if (!/^[[{]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (!isOfType(value, types) || isDeeperThan(value, maxDepth)) return undefined;
    return { rule: Array.isArray(value) ? 'string-to-array' : 'string-to-object', value };
  } catch {
    // It only looked like JSON; it stays the string it is.
    return undefined;
  }
}
