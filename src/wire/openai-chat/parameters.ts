/** A tool's parameters in either dialect (JSON Schema, or a list of named parameters) as one JSON Schema. */

import type { Field } from '../../base/decode.ts';
import { RequestError } from '../../base/errors.ts';
import { isDeeperThan, isObject, type Json, type JsonObject, maxDepth } from '../../base/json.ts';
import { ParameterTree } from './parameter-tree.ts';
import { readTypeWord } from './type-words.ts';
import type { WarningList } from './warnings.ts';

/** A tool's parameters, and whether they were written as a list. */
export interface DecodedParameters {
  readonly schema: JsonObject;
  readonly isList: boolean;
}

/** Reads either dialect; nothing written there is lost, except a parameter's place in an HTTP request (`in`). */
export function decodeParameters(field: Field, warnings: WarningList): DecodedParameters {
  if (field.isAbsent) return { schema: { type: 'object', properties: {} }, isList: false };
  const isList = Array.isArray(field.value);
  const reader = new SchemaReader(isList, warnings);
  const schema = isList ? reader.list(field) : asObjectSchema(field, reader.schema(field));
  if (isList && isDeeperThan(schema, maxDepth))
    throw new RequestError('invalid_schema', `'${field.path}' nests more than ${maxDepth} levels.`, {
      param: field.path,
    });
  return { schema, isList };
}

/** Reads an output schema: the same repairs of type words as for tools. */
export function decodeOutputSchema(field: Field, warnings: WarningList): JsonObject | boolean {
  if (typeof field.value === 'boolean') return field.value;
  field.object();
  return new SchemaReader(false, warnings).schema(field);
}

function asObjectSchema(field: Field, schema: JsonObject): JsonObject {
  const { type } = schema;
  if (type === 'object') return schema;
  const { properties = {}, ...rest } = schema;
  if (type === undefined) return { type: 'object', properties, ...rest };
  if (Array.isArray(type) && type.includes('object')) return { ...schema, type: 'object' };
  const message = `Invalid schema for '${field.path}': a tool takes an object, so its 'type' must be 'object'.`;
  throw new RequestError('invalid_schema', message, { param: `${field.path}.type` });
}

const single: ReadonlySet<string> = new Set([
  'additionalProperties',
  'contains',
  'else',
  'if',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
]);
const several: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const named: ReadonlySet<string> = new Set(['$defs', 'definitions', 'dependentSchemas', 'patternProperties']);

type Entry = [string, Json];

/** Rewrites a schema keyword by keyword, keeping their order; the body's nesting is bounded, so is the recursion. */
class SchemaReader {
  readonly #isList: boolean;
  readonly #warnings: WarningList;

  constructor(isList: boolean, warnings: WarningList) {
    this.#isList = isList;
    this.#warnings = warnings;
  }

  /** `[{ name, type, required, … }]` as an object schema. */
  list(field: Field): JsonObject {
    const tree = new ParameterTree();
    for (const item of field.items()) {
      const name = item.get('name').string();
      const added = tree.add(name, { schema: this.#parameter(item), isRequired: isTrue(item.object()['required']) });
      if (!added)
        throw new RequestError('invalid_schema', `The parameter '${name}' is listed twice.`, { param: item.path });
    }
    return tree.toSchema();
  }

  schema(field: Field): JsonObject {
    return this.#rewrite(field, field.object());
  }

  #parameter(item: Field): JsonObject {
    const { name: _name, in: _place, schema, ...keywords } = item.object();
    const inner = schema === undefined || schema === null ? {} : this.#child(item.get('schema'));
    const own = this.#rewrite(item, keywords);
    const merged = { ...(isObject(inner) ? inner : {}), ...own };
    return withImpliedType(merged);
  }

  #rewrite(field: Field, keywords: Record<string, unknown>): JsonObject {
    const entries = new Map<string, Json>();
    const required = new Set<string>();
    for (const key of Object.keys(keywords)) {
      const at = field.get(key);
      if (key === 'required') {
        addNames(required, at.value);
        // Keeps its place among the keywords: the model reads them in this order.
        if (Array.isArray(at.value)) entries.set(key, []);
      } else {
        const rewritten = key === 'properties' ? this.#properties(at, required) : this.#keyword(key, at);
        for (const [name, value] of rewritten) {
          // `list[int]` brings items of its own; items that were written win.
          if (name === key || !keywords[name]) entries.set(name, value);
        }
      }
    }
    if (required.size > 0) entries.set('required', [...required]);
    return Object.fromEntries(entries);
  }

  #keyword(key: string, at: Field): Entry[] {
    const { value } = at;
    if (key === 'type') return this.#type(at);
    if (key === 'enum') return isEmptyEnum(value) ? [] : [[key, toJson(value)]];
    const holdsSchemas = key === 'items' || single.has(key) || several.has(key) || named.has(key);
    if (holdsSchemas && value === null) return [];
    if (key === 'items') return [[key, this.#items(at)]];
    if (single.has(key)) return [[key, this.#child(at)]];
    if (several.has(key) && Array.isArray(value)) return [[key, at.items().map((item) => this.#child(item))]];
    if (named.has(key) && isObject(value)) return [[key, this.#map(at)]];
    return [[key, toJson(value)]];
  }

  #type(at: Field): Entry[] {
    if (at.isAbsent) return [];
    if (typeof at.value === 'string') return Object.entries(this.#word(at));
    if (!Array.isArray(at.value)) throw at.wrongType('a string');
    const types = at.items().map((item) => this.#word(item)['type']);
    return types.includes(undefined) ? [] : [['type', types.filter((type) => type !== undefined)]];
  }

  #word(at: Field): JsonObject {
    const word = at.string();
    const found = readTypeWord(word);
    if (found !== undefined) return found;
    if (!this.#isList)
      throw new RequestError('invalid_schema', `Invalid schema: '${at.path}' is no JSON type.`, { param: at.path });
    this.#warnings.add('unknown_type', `The type '${word}' is not known; any value is allowed.`, at.path);
    return {};
  }

  #properties(at: Field, required: Set<string>): Entry[] {
    if (at.isAbsent) return [];
    if (Array.isArray(at.value)) {
      const { properties = {}, required: names } = this.list(at);
      addNames(required, names);
      return [['properties', properties]];
    }
    for (const [name, child] of Object.entries(at.object()))
      if (isObject(child) && isTrue(child['required'])) required.add(name);
    return [['properties', this.#map(at)]];
  }

  #map(at: Field): JsonObject {
    return Object.fromEntries(Object.keys(at.object()).map((name) => [name, this.#child(at.get(name))]));
  }

  #items(at: Field): Json {
    if (!Array.isArray(at.value)) return this.#child(at);
    const isNamed = at.value.length > 0 && at.value.every((item) => isObject(item) && typeof item['name'] === 'string');
    return isNamed ? this.list(at) : at.items().map((item) => this.#child(item));
  }

  /** A subschema; the list dialect also writes a bare type word, or a list, where a schema belongs. */
  #child(at: Field): Json {
    const { value } = at;
    if (isObject(value)) return this.#rewrite(at, value);
    if (this.#isList && typeof value === 'string') return this.#word(at);
    if (this.#isList && Array.isArray(value)) return this.list(at);
    if (typeof value === 'boolean') return value;
    throw at.wrongType('a schema (an object)');
  }
}

function withImpliedType(schema: JsonObject): JsonObject {
  if (schema['type'] !== undefined) return schema;
  if (schema['properties'] !== undefined) return { type: 'object', ...schema };
  return schema['items'] === undefined ? schema : { type: 'array', ...schema };
}

function addNames(names: Set<string>, value: unknown): void {
  if (Array.isArray(value)) for (const name of value) if (typeof name === 'string') names.add(name);
}

function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && value.trim().toLowerCase() === 'true');
}

/** `''` and `[]` are how list-dialect clients write "no enum". */
function isEmptyEnum(value: unknown): boolean {
  return value === '' || value === null || (Array.isArray(value) && value.length === 0);
}

/** The value came out of JSON.parse, so it is JSON already. */
function toJson(value: unknown): Json {
  return value as Json;
}
