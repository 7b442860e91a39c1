/** Answers what a reader asks of a schema: which types a value may have, and which schemas hold for its parts. */

import { isDeeperThan, maxDepth } from '../../base/json.ts';
import { literalValues, typesOf } from '../../grammar/schema-facts.ts';
import { typeOf } from '../../schema/check-scalar.ts';
import {
  isJsonObject,
  isSchema,
  isTypeName,
  type JsonSchema,
  member,
  type SchemaObject,
  schemaEntries,
  schemaList,
  type TypeName,
  typeNames,
} from '../../schema/json-schema.ts';
import { compilePattern } from '../../schema/pattern.ts';
import { resolveReference } from '../../schema/resolve-reference.ts';
import { createEvaluation } from '../../schema/validate.ts';

/** Schemas looked at for one answer; what would take more is left open. */
const maxSteps = 1_000;
const maxNesting = 32;
const allTypes: ReadonlySet<TypeName> = new Set(typeNames);
/** What no schema allows is kept as it was written. */
const textOnly: ReadonlySet<TypeName> = new Set(['string']);

/** How to find the schema of a part in one object of keywords. */
type Finder = (schema: SchemaObject) => JsonSchema | undefined;

/** One schema document, and questions about schemas in it. */
export class SchemaGuide {
  readonly #root: JsonSchema;
  readonly #types = new Map<SchemaObject, ReadonlySet<TypeName>>();
  readonly #targets = new Map<string, JsonSchema | undefined>();
  #steps = 0;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  /** The types a value may have; a schema that allows nothing leaves text. `number` always comes with `integer`. */
  types(schema: JsonSchema): ReadonlySet<TypeName> {
    if (typeof schema === 'boolean') return schema ? allTypes : textOnly;
    const known = this.#types.get(schema);
    if (known !== undefined) return known;
    this.#steps = 0;
    const found = this.#typesOf(schema, []);
    const types = found.size === 0 ? textOnly : found;
    this.#types.set(schema, types);
    return types;
  }

  /** May it be a string and nothing else? */
  isText(schema: JsonSchema): boolean {
    const types = this.types(schema);
    return types.size === 1 && types.has('string');
  }

  /** The schema of a property; `false` where it is not allowed. */
  property(schema: JsonSchema, key: string): JsonSchema {
    this.#steps = 0;
    return this.#part(schema, (at) => propertyOf(at, key), 'object', 0) ?? true;
  }

  /** The schema of the item with this index. */
  item(schema: JsonSchema, index: number): JsonSchema {
    this.#steps = 0;
    return this.#part(schema, (at) => itemOf(at, index), 'array', 0) ?? true;
  }

  /** The names of declared properties, in order. */
  declared(schema: JsonSchema): readonly string[] {
    this.#steps = 0;
    const names = new Set<string>();
    this.#part(
      schema,
      (at) => {
        for (const [name] of schemaEntries(member(at, 'properties'))) names.add(name);
        return undefined;
      },
      'object',
      0,
    );
    return [...names];
  }

  isValid(schema: JsonSchema, value: unknown): boolean {
    if (schema === true) return true;
    return !isDeeperThan(value, maxDepth) && createEvaluation(this.#root).isValid(schema, value, '');
  }

  #typesOf(schema: JsonSchema, open: readonly SchemaObject[]): ReadonlySet<TypeName> {
    if (typeof schema === 'boolean') return schema ? allTypes : new Set();
    if (open.includes(schema) || open.length > maxNesting || ++this.#steps > maxSteps) return allTypes;
    const inside = [...open, schema];
    let types = ownTypes(schema);
    const joined = [this.#target(schema) ?? true, ...schemaList(member(schema, 'allOf'))];
    for (const part of joined) types = intersect(types, this.#typesOf(part, inside));
    for (const keyword of alternatives) {
      const parts = schemaList(member(schema, keyword));
      if (parts.length === 0) continue;
      types = intersect(types, new Set(parts.flatMap((part) => [...this.#typesOf(part, inside)])));
    }
    return types;
  }

  /** What all parts of a schema together demand of a part of the value; undefined if nothing. */
  #part(schema: JsonSchema, find: Finder, type: TypeName, nesting: number): JsonSchema | undefined {
    if (typeof schema === 'boolean') return schema ? undefined : false;
    if (nesting > maxNesting || ++this.#steps > maxSteps) return undefined;
    const below = (part: JsonSchema): JsonSchema | undefined => this.#part(part, find, type, nesting + 1);
    const demands = [find(schema)];
    const target = this.#target(schema);
    if (target !== undefined) demands.push(below(target));
    demands.push(...schemaList(member(schema, 'allOf')).map(below));
    for (const keyword of alternatives) {
      const parts = schemaList(member(schema, keyword)).filter((part) => this.#typesOf(part, []).has(type));
      if (parts.length > 0) demands.push(anyOf(parts.map(below)));
    }
    return allOf(demands);
  }

  #target(schema: SchemaObject): JsonSchema | undefined {
    const reference = member(schema, '$ref');
    if (typeof reference !== 'string') return undefined;
    if (!this.#targets.has(reference)) this.#targets.set(reference, resolveReference(this.#root, reference));
    return this.#targets.get(reference);
  }
}

const alternatives = ['anyOf', 'oneOf'];

function ownTypes(schema: SchemaObject): ReadonlySet<TypeName> {
  const literals = literalValues(schema);
  const named = literals === undefined ? plainTypes(schema) : literals.map(typeOf);
  const types = new Set(named.filter(isTypeName));
  if (types.size === 0) return literals === undefined ? allTypes : textOnly;
  return literals === undefined && types.has('number') ? types.add('integer') : types;
}

/** What beside alternatives speaks of one type only does not exclude others. */
function plainTypes(schema: SchemaObject): readonly string[] {
  const isCombined = ['$ref', 'allOf', ...alternatives].some((keyword) => member(schema, keyword) !== undefined);
  return isCombined && member(schema, 'type') === undefined ? typeNames : typesOf(schema);
}

function intersect(left: ReadonlySet<TypeName>, right: ReadonlySet<TypeName>): ReadonlySet<TypeName> {
  if (right === allTypes) return left;
  return new Set([...left].filter((type) => right.has(type)));
}

function allOf(demands: readonly (JsonSchema | undefined)[]): JsonSchema | undefined {
  const kept = demands.filter((part) => part !== undefined && part !== true);
  if (kept.includes(false)) return false;
  return kept.length < 2 ? kept[0] : { allOf: kept };
}

function anyOf(demands: readonly (JsonSchema | undefined)[]): JsonSchema | undefined {
  if (demands.some((part) => part === undefined || part === true)) return undefined;
  const kept = demands.filter((part) => part !== undefined && part !== false);
  if (kept.length === 0) return false;
  return kept.length === 1 ? kept[0] : { anyOf: kept };
}

function propertyOf(schema: SchemaObject, key: string): JsonSchema | undefined {
  const properties = member(schema, 'properties');
  const own = isJsonObject(properties) ? member(properties, key) : undefined;
  const matching = schemaEntries(member(schema, 'patternProperties'))
    .filter(([pattern]) => compilePattern(pattern)?.matches(key) === true)
    .map(([, part]) => part);
  if (isSchema(own)) return allOf([own, ...matching]) ?? true;
  if (matching.length > 0) return allOf(matching);
  const rest = member(schema, 'additionalProperties');
  return isSchema(rest) ? rest : undefined;
}

function itemOf(schema: SchemaObject, index: number): JsonSchema | undefined {
  const items = member(schema, 'items');
  const prefix = schemaList(member(schema, 'prefixItems') ?? items);
  const rest = Array.isArray(items) ? member(schema, 'additionalItems') : items;
  return prefix[index] ?? (isSchema(rest) ? rest : undefined);
}
