/** Joins two schemas into one that demands what both demand, as far as one object of keywords can say it. */

import type { Json } from '../base/json.ts';
import { canonicalText } from './canonical.ts';
import { excludedPatterns, furtherPatterns } from './derived-keywords.ts';
import { isSchema, type JsonSchema, member, type SchemaObject, schemaList, stringList } from './json-schema.ts';
import { both, mergeObjects } from './merge-objects.ts';

/** The joined schema, and the keywords whose joint demand it could not express (it then demands less). */
export interface MergedSchema {
  readonly schema: JsonSchema;
  readonly lost: readonly string[];
}

/** Keywords that say nothing about values. */
const annotations = new Set([
  '$comment',
  '$defs',
  '$id',
  '$schema',
  'default',
  'definitions',
  'deprecated',
  'description',
  'example',
  'examples',
  'readOnly',
  'title',
  'writeOnly',
]);

const highest = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties', 'minContains']);
const lowest = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties', 'maxContains']);
const together = new Set([
  'properties',
  'patternProperties',
  'required',
  'additionalProperties',
  'items',
  'prefixItems',
  'additionalItems',
]);

/** Demands of both; `false` where they exclude each other visibly. */
export function mergeSchemas(left: JsonSchema, right: JsonSchema): MergedSchema {
  if (left === true || right === false) return { schema: right, lost: [] };
  if (right === true || left === false) return { schema: left, lost: [] };
  const [a, b] = [withoutNullable(left), withoutNullable(right)];
  return areConstantsApart(a, b) ? { schema: false, lost: [] } : mergeKeywords(a, withPatternApart(a, b));
}

function areConstantsApart(a: SchemaObject, b: SchemaObject): boolean {
  const [left, right] = [member(a, 'const'), member(b, 'const')];
  return left !== undefined && right !== undefined && canonicalText(left) !== canonicalText(right);
}

/** A second pattern stands in a list of its own. */
function withPatternApart(a: SchemaObject, b: SchemaObject): SchemaObject {
  const [left, right] = [member(a, 'pattern'), member(b, 'pattern')];
  if (typeof left !== 'string' || typeof right !== 'string' || left === right) return b;
  const { pattern: _, ...others } = b;
  return { ...others, [furtherPatterns]: [...stringList(member(b, furtherPatterns)), right] };
}

/** `nullable` widens the type beside it and nothing else; as a type name it can be joined like any other. */
function withoutNullable(schema: SchemaObject): SchemaObject {
  if (member(schema, 'nullable') === undefined) return schema;
  const { nullable, type, ...others } = schema;
  if (type === undefined) return others;
  return { ...others, type: nullable === true ? [...typeList(type), 'null'] : type };
}

function mergeKeywords(a: SchemaObject, b: SchemaObject): MergedSchema {
  const merged = new Map<string, Json>();
  const lost: string[] = [];
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (together.has(key)) continue;
    const [left, right] = [member(a, key), member(b, key)];
    if (left === undefined || right === undefined) {
      merged.set(key, left ?? right ?? null);
      continue;
    }
    const joined = joinKeyword(key, left, right);
    if (joined === undefined) lost.push(key);
    merged.set(key, joined ?? left);
  }
  if (losesItems(a, b) || losesItems(b, a)) lost.push('items');
  const objects = mergeObjects(a, b);
  lost.push(...objects.lost);
  for (const [key, value] of [...objects.entries, ...mergeArrays(a, b)]) merged.set(key, value);
  if (isEmptyList(merged.get('type')) || isEmptyList(merged.get('enum'))) return { schema: false, lost: [] };
  return { schema: Object.fromEntries(merged), lost };
}

function isEmptyList(value: Json | undefined): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** Undefined if one keyword cannot say both. */
function joinKeyword(key: string, left: Json, right: Json): Json | undefined {
  if (annotations.has(key)) return left;
  if (highest.has(key) && typeof left === 'number' && typeof right === 'number') return Math.max(left, right);
  if (lowest.has(key) && typeof left === 'number' && typeof right === 'number') return Math.min(left, right);
  if (key === 'type') return joinTypes(left, right);
  if (key === 'enum' && Array.isArray(left) && Array.isArray(right)) {
    const texts = new Set(right.map((item) => JSON.stringify(item)));
    return left.filter((item) => texts.has(JSON.stringify(item)));
  }
  if (key === 'allOf' && Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (key === 'not') return JSON.stringify(left) === JSON.stringify(right) ? left : { anyOf: [left, right] };
  if (key === furtherPatterns || key === excludedPatterns) return [...stringList(left), ...stringList(right)];
  if (key === 'anyOf' || key === 'oneOf') return joinAlternatives(schemaList(left), schemaList(right));
  if (key === 'const') return left;
  if (key === 'multipleOf') return joinSteps(left, right);
  if (key === 'uniqueItems') return left === true || right === true;
  return JSON.stringify(left) === JSON.stringify(right) ? left : undefined;
}

/** Alternatives beyond this are not multiplied out. */
const maxAlternatives = 64;

/** Exactly one of each list is exactly one pair, so this holds for `oneOf` too. */
function joinAlternatives(left: readonly JsonSchema[], right: readonly JsonSchema[]): Json | undefined {
  if (JSON.stringify(left) === JSON.stringify(right)) return [...left];
  if (left.length * right.length > maxAlternatives) return undefined;
  return left.flatMap((one) => right.map((other) => both(one, other)));
}

/** The least common multiple of whole numbers. */
function joinSteps(left: Json, right: Json): Json | undefined {
  if (left === right) return left;
  if (typeof left !== 'number' || typeof right !== 'number' || !Number.isInteger(left) || !Number.isInteger(right))
    return undefined;
  let [a, b] = [Math.abs(left), Math.abs(right)];
  while (b > 0) [a, b] = [b, a % b];
  const multiple = (Math.abs(left) / a) * Math.abs(right);
  return Number.isSafeInteger(multiple) && multiple > 0 ? multiple : undefined;
}

function joinTypes(left: Json, right: Json): Json {
  const [a, b] = [typeList(left), typeList(right)];
  const both = a.filter((type) => b.includes(type) || (type === 'integer' && b.includes('number')));
  if (!both.includes('integer') && a.includes('number') && b.includes('integer')) both.push('integer');
  return both.length === 1 ? (both[0] ?? both) : both;
}

function typeList(value: Json): string[] {
  return typeof value === 'string' ? [value] : stringList(value);
}

/** Leading items of one schema must meet the `items` of the other too; that is not expressed. */
function losesItems(a: SchemaObject, b: SchemaObject): boolean {
  const hasPrefix = member(a, 'prefixItems') !== undefined || Array.isArray(member(a, 'items'));
  return hasPrefix && arrayKeywords.some((key) => member(b, key) !== undefined);
}

const arrayKeywords = ['items', 'prefixItems', 'additionalItems'];

function mergeArrays(a: SchemaObject, b: SchemaObject): [string, Json][] {
  const out: [string, Json][] = [];
  for (const key of arrayKeywords) {
    const [left, right] = [arrayMember(a, key), arrayMember(b, key)];
    if (Array.isArray(left) || Array.isArray(right)) out.push([key, joinLists(left, right)]);
    else if (isSchema(left) || isSchema(right)) out.push([key, both(asSchema(left), asSchema(right))]);
  }
  return out;
}

/** `additionalItems` says nothing but beside a list of `items`. */
function arrayMember(schema: SchemaObject, key: string): Json | undefined {
  return key === 'additionalItems' && !Array.isArray(member(schema, 'items')) ? undefined : member(schema, key);
}

function asSchema(value: Json | undefined): JsonSchema | undefined {
  return isSchema(value) ? value : undefined;
}

function joinLists(left: Json | undefined, right: Json | undefined): Json {
  const [a, b] = [Array.isArray(left) ? left : [], Array.isArray(right) ? right : []];
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) =>
    both(asSchema(a[index]), asSchema(b[index])),
  );
}
