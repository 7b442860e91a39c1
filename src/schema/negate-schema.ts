/** The opposite of a schema: what every value meets that is not valid against it. */

import type { Json } from '../base/json.ts';
import { excludedPatterns } from './derived-keywords.ts';
import { isSchema, type JsonSchema, type SchemaObject, schemaEntries, schemaList, stringList } from './json-schema.ts';

/** What a schema refers to at last, if it is nothing but a reference; else the schema. */
export type Resolve = (schema: JsonSchema) => JsonSchema;

const allTypes = ['object', 'array', 'string', 'number', 'boolean', 'null'];
const maxDepth = 8;
const maxParts = 200;
const maxValues = 16;

/** Undefined where it cannot be said in keywords. */
export function negateSchema(schema: JsonSchema, resolve: Resolve): JsonSchema | undefined {
  return negate(schema, { resolve, depth: 0, budget: { left: maxParts } });
}

function negate(schema: JsonSchema, place: Place): JsonSchema | undefined {
  const found = place.resolve(schema);
  if (typeof found === 'boolean') return !found;
  if (place.depth > maxDepth || --place.budget.left < 0) return undefined;
  const ways: JsonSchema[] = [];
  for (const [key, value] of Object.entries(found)) {
    const way = Object.hasOwn(opposites, key)
      ? opposites[key]?.(value, { ...place, depth: place.depth + 1 })
      : unknown(key);
    if (way === undefined) return undefined;
    ways.push(...way);
  }
  const [only] = ways;
  if (ways.includes(true)) return true;
  return ways.length < 2 ? (only ?? false) : { anyOf: ways };
}

interface Place {
  readonly resolve: Resolve;
  readonly depth: number;
  /** Schemas that may still be looked at: references may lead to the same ones again and again. */
  readonly budget: { left: number };
}

/** Ways in which a value can fail one keyword; undefined where they cannot be said. */
type Opposite = (value: Json, place: Place) => readonly JsonSchema[] | undefined;

const annotations = new Set([
  'title',
  'description',
  'default',
  'examples',
  'example',
  '$comment',
  'deprecated',
  '$id',
  '$schema',
]);

function unknown(key: string): readonly JsonSchema[] | undefined {
  return annotations.has(key) ? [] : undefined;
}

/** Fails a bound of this type by meeting another. */
function bound(type: string, keyword: string, change: (value: number) => number): Opposite {
  return (value) => (typeof value === 'number' ? [{ type, [keyword]: change(value) }] : undefined);
}

const same = (value: number): number => value;
const oneMore = (value: number): number => Math.floor(value) + 1;
const oneLess = (value: number): number => Math.ceil(value) - 1;

/** Fails nothing where it says `true`. */
const onlyTrue: Opposite = (value) => (value === true ? [] : undefined);

const opposites: Readonly<Record<string, Opposite>> = {
  type: (value) => {
    const types = typeof value === 'string' ? [value] : stringList(value);
    if (types.includes('integer') && !types.includes('number')) return undefined;
    const others = allTypes.filter((type) => !types.includes(type));
    return others.length === 0 ? [] : [{ type: others }];
  },
  const: (value) => notAmong([value]),
  enum: (value) => (Array.isArray(value) ? notAmong(value) : undefined),
  required: (value) => stringList(value).map((name) => ({ type: 'object', properties: { [name]: false } })),
  properties: (value, place) => {
    const ways = schemaEntries(value).map(([name, part]) => {
      const opposite = negate(part, place);
      return opposite === undefined
        ? undefined
        : { type: 'object', required: [name], properties: { [name]: opposite } };
    });
    const known = ways.filter((way) => way !== undefined);
    return known.length < ways.length
      ? undefined
      : known.filter(({ properties }) => !Object.values(properties).includes(false));
  },
  additionalProperties: onlyTrue,
  items: onlyTrue,
  pattern: (value) => (typeof value === 'string' ? [{ type: 'string', [excludedPatterns]: [value] }] : undefined),
  minLength: bound('string', 'maxLength', oneLess),
  maxLength: bound('string', 'minLength', oneMore),
  minItems: bound('array', 'maxItems', oneLess),
  maxItems: bound('array', 'minItems', oneMore),
  minProperties: bound('object', 'maxProperties', oneLess),
  maxProperties: bound('object', 'minProperties', oneMore),
  minimum: bound('number', 'exclusiveMaximum', same),
  maximum: bound('number', 'exclusiveMinimum', same),
  exclusiveMinimum: bound('number', 'maximum', same),
  exclusiveMaximum: bound('number', 'minimum', same),
  anyOf: (value, place) => {
    const parts = schemaList(value).map((part) => negate(part, place));
    const known = parts.filter((part) => part !== undefined);
    if (known.length < parts.length) return undefined;
    return known.includes(false) ? [] : [{ allOf: known }];
  },
  allOf: (value, place) => {
    const parts = schemaList(value).map((part) => negate(part, place));
    const known = parts.filter((part) => part !== undefined);
    return known.length < parts.length ? undefined : known.filter((part) => part !== false);
  },
  not: (value) => (isSchema(value) ? [value] : undefined),
};

/** Any value but these; only scalars, and few of them. */
function notAmong(values: readonly Json[]): readonly JsonSchema[] | undefined {
  if (values.length > maxValues || values.some((value) => typeof value === 'object' && value !== null))
    return undefined;
  const strings = values.filter((value) => typeof value === 'string');
  const numbers = values.filter((value) => typeof value === 'number').sort((a, b) => a - b);
  const booleans = values.filter((value) => typeof value === 'boolean');
  const touched = new Set<string>(values.map((value) => (value === null ? 'null' : typeof value)));
  const ways: SchemaObject[] = [{ type: allTypes.filter((type) => !touched.has(type)) }];
  if (strings.length > 0)
    ways.push({ type: 'string', [excludedPatterns]: [`^(?:${strings.map(escaped).join('|')})$`] });
  if (booleans.length > 0 && new Set(booleans).size === 1) ways.push({ type: 'boolean', enum: [!booleans[0]] });
  return [...ways, ...between(numbers)];
}

function between(numbers: readonly number[]): SchemaObject[] {
  if (numbers.length === 0) return [];
  return Array.from({ length: numbers.length + 1 }, (_, index): SchemaObject => {
    const [low, high] = [numbers[index - 1], numbers[index]];
    return {
      type: 'number',
      ...(low !== undefined && { exclusiveMinimum: low }),
      ...(high !== undefined && { exclusiveMaximum: high }),
    };
  });
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
