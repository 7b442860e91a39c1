/** `unevaluatedProperties` and `unevaluatedItems`: what nothing else in a schema speaks of. */

import { isObject } from '../base/json.ts';
import { type Evaluation, type Place, propertyPath, type Violation } from './evaluation.ts';
import {
  isJsonObject,
  isSchema,
  type JsonSchema,
  member,
  type SchemaObject,
  schemaEntries,
  schemaList,
} from './json-schema.ts';
import { compilePattern } from './pattern.ts';

/** Every property or item that is not evaluated is valid against the keyword's schema. */
export function checkUnevaluated(schema: SchemaObject, value: unknown, { path, evaluation }: Place): Violation[] {
  const keyword = Array.isArray(value) ? 'unevaluatedItems' : 'unevaluatedProperties';
  const demand = member(schema, keyword);
  if (!isSchema(demand) || demand === true) return [];
  const evaluated = new Evaluated(value, { path, evaluation }).by(schema, keyword);
  return entriesOf(value, path).flatMap(({ key, item, here }) => {
    if (evaluated.has(key)) return [];
    if (demand === false) return [{ path: here, keyword, message: 'is not declared anywhere in the schema' }];
    return evaluation.check(demand, item, here);
  });
}

interface Entry {
  readonly key: string;
  readonly item: unknown;
  readonly here: string;
}

function entriesOf(value: unknown, path: string): readonly Entry[] {
  if (Array.isArray(value))
    return value.map((item, index) => ({ key: String(index), item, here: `${path}[${index}]` }));
  if (!isObject(value)) return [];
  return Object.entries(value).map(([key, item]) => ({ key, item, here: propertyPath(path, key) }));
}

/** Finds the properties or items of one value that schemas speak of. */
class Evaluated {
  readonly #value: unknown;
  readonly #path: string;
  readonly #evaluation: Evaluation;
  readonly #keys: readonly string[];
  readonly #found = new Set<string>();
  /** Each schema says the same every time. */
  readonly #seen = new Set<SchemaObject>();

  constructor(value: unknown, { path, evaluation }: Place) {
    this.#value = value;
    this.#path = path;
    this.#evaluation = evaluation;
    this.#keys = entriesOf(value, path).map(({ key }) => key);
  }

  /** What this schema evaluates without its own keyword. */
  by(schema: SchemaObject, keyword: string): ReadonlySet<string> {
    const { [keyword]: _, ...others } = schema;
    this.#visit(others);
    return this.#found;
  }

  #visit(start: JsonSchema): void {
    const work: JsonSchema[] = [start];
    for (let schema = work.pop(); schema !== undefined; schema = work.pop()) {
      if (typeof schema === 'boolean' || this.#seen.has(schema) || !this.#evaluation.takesStep()) continue;
      this.#seen.add(schema);
      if (Array.isArray(this.#value)) this.#items(schema, this.#value);
      else this.#properties(schema);
      work.push(...this.#besides(schema));
    }
  }

  #all(): void {
    for (const key of this.#keys) this.#found.add(key);
  }

  #properties(schema: SchemaObject): void {
    if (['additionalProperties', 'unevaluatedProperties'].some((key) => isSchema(member(schema, key)))) this.#all();
    const declared = new Map(schemaEntries(member(schema, 'properties')));
    const patterns = schemaEntries(member(schema, 'patternProperties')).map(([source]) => compilePattern(source));
    for (const key of this.#keys)
      if (declared.has(key) || patterns.some((pattern) => pattern?.matches(key) !== false)) this.#found.add(key);
  }

  #items(schema: SchemaObject, value: readonly unknown[]): void {
    const items = member(schema, 'items');
    const rest = Array.isArray(items) ? member(schema, 'additionalItems') : items;
    if (isSchema(rest) || isSchema(member(schema, 'unevaluatedItems'))) this.#all();
    const prefix = schemaList(member(schema, 'prefixItems') ?? items);
    for (const key of this.#keys.slice(0, prefix.length)) this.#found.add(key);
    const contained = member(schema, 'contains');
    if (!isSchema(contained)) return;
    for (const [index, item] of value.entries())
      if (this.#evaluation.isValid(contained, item, `${this.#path}[${index}]`)) this.#found.add(String(index));
  }

  /** The schemas that speak of the same value; of alternatives those that it satisfies. */
  #besides(schema: SchemaObject): JsonSchema[] {
    const parts = [...schemaList(member(schema, 'allOf')), ...this.#evaluation.targets(schema)];
    const choices = [...schemaList(member(schema, 'anyOf')), ...schemaList(member(schema, 'oneOf'))];
    parts.push(...choices.filter((part) => this.#holds(part)));
    const condition = member(schema, 'if');
    if (isSchema(condition)) {
      const holds = this.#holds(condition);
      const branch = member(schema, holds ? 'then' : 'else');
      parts.push(...(holds ? [condition] : []), ...(isSchema(branch) ? [branch] : []));
    }
    return [...parts, ...this.#dependent(schema)];
  }

  #dependent(schema: SchemaObject): JsonSchema[] {
    return ['dependentSchemas', 'dependencies'].flatMap((keyword) => {
      const all = member(schema, keyword);
      if (!isJsonObject(all) || Array.isArray(this.#value)) return [];
      return Object.entries(all).flatMap(([name, part]) => (this.#keys.includes(name) && isSchema(part) ? [part] : []));
    });
  }

  #holds(schema: JsonSchema): boolean {
    return this.#evaluation.isValid(schema, this.#value, this.#path);
  }
}
