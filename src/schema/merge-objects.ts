/** Joins what two schemas say of objects. */

import type { Json } from '../base/json.ts';
import {
  isJsonObject,
  isSchema,
  type JsonSchema,
  member,
  type SchemaObject,
  schemaEntries,
  stringList,
} from './json-schema.ts';
import { compilePattern } from './pattern.ts';

/** Keywords with what they say together, and those that cannot say it all. */
export interface MergedObjects {
  readonly entries: readonly (readonly [string, Json])[];
  readonly lost: readonly string[];
}

/** What one schema says of the properties of an object. */
class Side {
  readonly declared: ReadonlyMap<string, JsonSchema>;
  readonly patterns: readonly (readonly [source: string, value: JsonSchema])[];
  readonly rest: JsonSchema | undefined;

  constructor(schema: SchemaObject) {
    const rest = member(schema, 'additionalProperties');
    this.declared = new Map(schemaEntries(member(schema, 'properties')));
    this.patterns = schemaEntries(member(schema, 'patternProperties'));
    this.rest = isSchema(rest) ? rest : undefined;
  }

  get isRestricted(): boolean {
    return this.rest !== undefined && this.rest !== true;
  }

  /** What it demands of a declared name, patterns left out: they go on to stand beside. */
  valueOf(name: string): JsonSchema | undefined {
    const own = this.declared.get(name);
    if (own !== undefined) return own;
    return this.patterns.some(([source]) => compilePattern(source)?.matches(name) !== false) ? undefined : this.rest;
  }
}

/** Each property meets the demands of both, where one does not declare it those of its `additionalProperties`. */
export function mergeObjects(a: SchemaObject, b: SchemaObject): MergedObjects {
  const [left, right] = [new Side(a), new Side(b)];
  const entries: [string, Json][] = [];
  const names = new Set([...left.declared.keys(), ...right.declared.keys()]);
  if (names.size > 0) {
    const properties = [...names].map((name) => [name, both(left.valueOf(name), right.valueOf(name))] as const);
    entries.push(['properties', Object.fromEntries(properties)]);
  }
  const patterns = mergePatterns(left, right, names);
  if (patterns.value !== undefined) entries.push(['patternProperties', patterns.value]);
  const required = new Set([...stringList(member(a, 'required')), ...stringList(member(b, 'required'))]);
  if (required.size > 0) entries.push(['required', [...required]]);
  if (left.rest !== undefined || right.rest !== undefined)
    entries.push(['additionalProperties', both(left.rest, right.rest)]);
  return { entries, lost: patterns.lost };
}

interface MergedPatterns {
  readonly value: Json | undefined;
  readonly lost: readonly string[];
}

/** Names that match a pattern of one side meet the `additionalProperties` of the other. */
function mergePatterns(left: Side, right: Side, names: ReadonlySet<string>): MergedPatterns {
  if (left.patterns.length + right.patterns.length === 0) return { value: undefined, lost: [] };
  const lost: string[] = [];
  const value = new Map<string, JsonSchema>();
  const add = (side: Side, other: Side): void => {
    for (const [source, own] of side.patterns) {
      let demand = own;
      if (other.isRestricted && !other.patterns.some(([same]) => same === source)) {
        const isMixed = [...names].some((name) => compilePattern(source)?.matches(name) !== false);
        if (isMixed || other.patterns.length > 0) lost.push('additionalProperties');
        else demand = both(own, other.rest);
      }
      value.set(source, both(value.get(source), demand));
    }
  };
  add(left, right);
  add(right, left);
  return { value: Object.fromEntries(value), lost };
}

/** Both demands, not merged yet: a recursive schema would never end. */
export function both(a: JsonSchema | undefined, b: JsonSchema | undefined): JsonSchema {
  if (a === undefined || a === true) return b ?? true;
  if (b === undefined || b === true) return a;
  if (a === false || b === false) return false;
  return isJsonObject(a) && isJsonObject(b) && JSON.stringify(a) === JSON.stringify(b) ? a : { allOf: [a, b] };
}
