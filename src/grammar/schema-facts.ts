/** What the grammar compiler asks of a schema: its types, its literal values, whether alternatives exclude each other. */

import type { Json } from '../base/json.ts';
import { excludedPatterns, furtherPatterns } from '../schema/derived-keywords.ts';
import {
  isJsonObject,
  type JsonSchema,
  member,
  type SchemaObject,
  schemaList,
  stringList,
} from '../schema/json-schema.ts';
import { unevaluatedKeywords } from '../schema/settle-unevaluated.ts';

/** Keywords that are never enforced by a grammar. */
export const neverEnforced: readonly string[] = ['$dynamicRef', '$recursiveRef'];

/** Keywords that are rewritten as alternatives. */
const conditions = ['not', 'if', 'dependencies', 'dependentRequired', 'dependentSchemas'];

const byFamily: Readonly<Record<string, readonly string[]>> = {
  object: [
    'properties',
    'required',
    'additionalProperties',
    'patternProperties',
    'propertyNames',
    'minProperties',
    'maxProperties',
  ],
  array: ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems', 'contains'],
  string: ['minLength', 'maxLength', 'pattern', 'format', furtherPatterns, excludedPatterns],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
};

const constraining = new Set([
  ...neverEnforced,
  ...unevaluatedKeywords,
  ...conditions,
  ...Object.values(byFamily).flat(),
  ...['type', 'enum', 'const', 'anyOf', 'oneOf', 'allOf', '$ref', 'nullable'],
]);

/** Does this schema say more than its name and purpose? */
export function constrains(schema: SchemaObject): boolean {
  return Object.keys(schema).some((key) => constraining.has(key));
}

/** Does it plainly describe objects, whatever their properties? */
export function isObjectSchema(schema: JsonSchema): boolean {
  const others = ['enum', 'const', 'anyOf', 'oneOf', 'allOf', '$ref'];
  return typeof schema === 'object' && member(schema, 'type') === 'object' && !others.some((key) => key in schema);
}

/** The schema less these keywords. */
export function without(schema: SchemaObject, ...keywords: readonly string[]): SchemaObject {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keywords.includes(key)));
}

/** All types, `number` standing for `integer` too. */
const allTypes: readonly string[] = ['object', 'array', 'string', 'number', 'boolean', 'null'];

/**
 * The types a value may have. Without `type`, keywords that only speak of one type are taken to mean that type: who
 * writes `properties` wants an object.
 */
export function typesOf(schema: SchemaObject): readonly string[] {
  const type = member(schema, 'type');
  const named = typeof type === 'string' ? [type] : stringList(type);
  const types = named.length > 0 ? named : inferredTypes(schema);
  // OpenAPI: `nullable` has a meaning only beside `type`.
  const isNullable = named.length > 0 && member(schema, 'nullable') === true;
  const all = isNullable && !types.includes('null') ? [...types, 'null'] : types;
  return all.includes('number') ? all.filter((name) => name !== 'integer') : all;
}

function inferredTypes(schema: SchemaObject): readonly string[] {
  const families = Object.entries(byFamily).filter(([, keys]) => keys.some((key) => member(schema, key) !== undefined));
  return families.length === 1 ? families.map(([type]) => type) : allTypes;
}

/** The values `const` or `enum` allow; those of the right type if there are any, for `enum` wins over `type`. */
export function literalValues(schema: SchemaObject): readonly Json[] | undefined {
  const listed = member(schema, 'enum');
  const fixed = member(schema, 'const');
  const values = fixed !== undefined ? [fixed] : Array.isArray(listed) ? [...listed] : undefined;
  if (values === undefined || (member(schema, 'type') === undefined && member(schema, 'nullable') === undefined))
    return values;
  const types = typesOf(schema);
  const typed = values.filter((value) => types.some((type) => hasType(value, type)));
  return typed.length > 0 ? typed : values;
}

function hasType(value: Json, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isJsonObject(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

/** Can no value satisfy both? Judged by their types and literal values only; `false` when in doubt. */
export function areApart(a: JsonSchema, b: JsonSchema): boolean {
  if (a === false || b === false) return true;
  if (a === true || b === true) return false;
  const [left, right] = [literalValues(a), literalValues(b)];
  if (left !== undefined && right !== undefined) return haveNothingInCommon(left, right);
  if (left !== undefined) return areNotOfTypes(left, explicitTypes(b));
  if (right !== undefined) return areNotOfTypes(right, explicitTypes(a));
  const [types, others] = [explicitTypes(a), explicitTypes(b)];
  if (types.length > 0 && others.length > 0 && !types.some((type) => overlaps(type, others))) return true;
  return types.join() === 'object' && others.join() === 'object' && areToldApart(a, b);
}

function explicitTypes(schema: SchemaObject): readonly string[] {
  return member(schema, 'type') === undefined ? [] : typesOf(schema);
}

function overlaps(type: string, others: readonly string[]): boolean {
  if (others.includes(type)) return true;
  return (type === 'integer' && others.includes('number')) || (type === 'number' && others.includes('integer'));
}

function areNotOfTypes(values: readonly Json[], types: readonly string[]): boolean {
  return types.length > 0 && !values.some((value) => types.some((type) => hasType(value, type)));
}

function haveNothingInCommon(left: readonly Json[], right: readonly Json[]): boolean {
  const texts = new Set(left.map((value) => JSON.stringify(value)));
  return !right.some((value) => texts.has(JSON.stringify(value)));
}

/** Do both demand a property whose literal values have nothing in common? */
function areToldApart(a: SchemaObject, b: SchemaObject): boolean {
  const [left, right] = [member(a, 'properties'), member(b, 'properties')];
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  const demanded = new Set(stringList(member(b, 'required')));
  return stringList(member(a, 'required')).some((name) => {
    const [one, other] = [member(left, name), member(right, name)];
    if (!demanded.has(name) || !isJsonObject(one) || !isJsonObject(other)) return false;
    const [values, others] = [literalValues(one), literalValues(other)];
    return values !== undefined && others !== undefined && haveNothingInCommon(values, others);
  });
}

/** The number of a keyword such as `minLength` or `maxItems`; fractions count towards the inside. */
export function count(schema: SchemaObject, keyword: string): number | undefined {
  const value = member(schema, keyword);
  if (typeof value !== 'number') return undefined;
  return Math.max(keyword.startsWith('min') ? 0 : -1, keyword.startsWith('min') ? Math.ceil(value) : Math.floor(value));
}

/** The schemas of `prefixItems`, or of draft-07's list form of `items`. */
export function prefixOf(schema: SchemaObject): JsonSchema[] {
  return schemaList(member(schema, 'prefixItems') ?? member(schema, 'items'));
}
