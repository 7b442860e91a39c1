/** Reads a tool's schema as the nano format's lines: one for each parameter, plain objects flattened. */

import type { Json, JsonObject } from '../../base/json.ts';
import type { Tool } from '../../chat/tool.ts';
import {
  isJsonObject,
  type JsonSchema,
  member,
  schemaEntries,
  schemaList,
  stringList,
} from '../../schema/json-schema.ts';
import { resolveReference } from '../../schema/resolve-reference.ts';
import { isRaw, spellJson, spellName } from './nano-values.ts';

/** How a line's value is written; `list` and `json` differ in their label only. */
export type NanoKind = 'str' | 'int' | 'num' | 'bool' | 'enum' | 'list' | 'json';

/** One parameter line of a call. */
export interface NanoLine {
  /** Where the value belongs; empty: the value is the whole arguments object. */
  readonly path: readonly string[];
  readonly kind: NanoKind;
  readonly required: boolean;
  /** How many objects of the path must be there whatever the value (a required object may have optional members only). */
  readonly requiredDepth: number;
  /** The value's schema, its `$ref` followed. */
  readonly schema: JsonSchema;
  readonly nullable: boolean;
  /** The values of an enum as JSON text, by their spelling. */
  readonly members: ReadonlyMap<string, string>;
  /** The key as written, dotted. */
  readonly key: string;
  /** What precedes the value the first time a tool is called in an answer: key, mark, type, description, ` = `. */
  readonly documented: string;
  /** What precedes the value afterwards. */
  readonly bare: string;
}

/** A tool as the format writes it. */
export interface NanoTool {
  readonly tool: Tool;
  readonly spelling: string;
  readonly lines: readonly NanoLine[];
  /** Keywords of the schema's root that no line can keep. */
  readonly unkept: readonly string[];
}

const longestDescription = 160;
const longestEnumLabel = 12;
const mostKeyParts = 3;
const mostHops = 16;
const noMembers: ReadonlyMap<string, string> = new Map();

/** Keywords that say nothing about an object but its properties. */
const plainKeywords = new Set(
  'type properties required additionalProperties title description default examples $comment'.split(' '),
);
/** Keywords a root may have besides without being more than a plain object. */
const rootKeywords = new Set('$schema $id $defs definitions'.split(' '));

const beyondLines =
  'allOf anyOf oneOf not if const enum minProperties maxProperties patternProperties propertyNames dependentRequired dependentSchemas dependencies unevaluatedProperties'.split(
    ' ',
  );

/** Reads a tool. */
export function readNanoTool(tool: Tool): NanoTool {
  const top = follow(tool.parameters, tool.parameters);
  const lines = readLines(top, tool.parameters);
  const isWhole = lines[0]?.path.length === 0;
  const unkept =
    isJsonObject(top) && !isWhole ? beyondLines.filter((keyword) => member(top, keyword) !== undefined) : [];
  return { tool, spelling: spellName(tool.name), lines, unkept };
}

/** The line of a call that writes its whole arguments object. */
export const wholeKey = 'arguments';

/** A description in one line, cut to 160 code points; blanks are what Python's `\s` takes for blanks. */
export function oneLine(text: Json | undefined): string {
  if (typeof text !== 'string') return '';
  const blanks = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;
  const joined = text.toWellFormed().replace(blanks, ' ');
  return [...joined.replace(/^ | $/g, '')].slice(0, longestDescription).join('');
}

/** Where a schema stands. */
interface Place {
  readonly root: JsonSchema;
  readonly path: readonly string[];
  readonly key: string;
  readonly requiredDepth: number;
}

function readLines(top: JsonSchema, root: JsonSchema): readonly NanoLine[] {
  if (top === true || (isJsonObject(top) && isEmptyObject(top))) return [];
  const place: Place = { root, path: [], key: '', requiredDepth: 0 };
  if (
    isJsonObject(top) &&
    hasProperties(top) &&
    (member(top, 'type') ?? 'object') === 'object' &&
    namesItsRequired(top)
  )
    return linesOf(top, place);
  return [lineOf(top, { ...place, key: wholeKey }, true)];
}

function linesOf(schema: JsonObject, place: Place): NanoLine[] {
  const needed = requiredOf(schema);
  return schemaEntries(member(schema, 'properties')).flatMap(([name, raw]) => {
    const part = follow(raw, place.root);
    const required = needed.has(name);
    const path = [...place.path, name];
    const key = place.key === '' ? spellName(name) : `${place.key}.${spellName(name)}`;
    if (!isJsonObject(part) || !isFlat(part, required, path.length))
      return [lineOf(part, { ...place, path, key }, required)];
    const requiredDepth = required && place.requiredDepth === place.path.length ? path.length : place.requiredDepth;
    return linesOf(part, { root: place.root, path, key, requiredDepth });
  });
}

function lineOf(schema: JsonSchema, place: Place, required: boolean): NanoLine {
  const kind = place.path.length === 0 ? 'json' : kindOf(schema);
  const members = kind === 'enum' && isJsonObject(schema) ? spellMembers(enumOf(schema)) : noMembers;
  const description = oneLine(isJsonObject(schema) ? member(schema, 'description') : undefined);
  const label = labelOf(kind, members) + (description === '' ? '' : `: ${description}`);
  return {
    path: place.path,
    kind,
    required,
    requiredDepth: place.requiredDepth,
    schema: withDefinitions(schema, place.root),
    nullable: isJsonObject(schema) && typesOf(schema).includes('null'),
    members,
    key: place.key,
    documented: `${place.key}${required ? '*' : ''} ${label} = `,
    bare: `${place.key} = `,
  };
}

function labelOf(kind: NanoKind, members: ReadonlyMap<string, string>): string {
  if (kind !== 'enum') return kind;
  return members.size <= longestEnumLabel ? `[${[...members.keys()].join('|')}]` : 'enum';
}

/** Strings raw where that is unambiguous, also beside members of other types (`"1"` beside `1`). */
function spellMembers(values: readonly Json[]): ReadonlyMap<string, string> {
  const others = new Set(values.filter((value) => typeof value !== 'string').map(spellJson));
  const members = new Map<string, string>();
  for (const value of values) {
    const raw = typeof value === 'string' && isRaw(value) && !others.has(value);
    members.set(raw ? value : spellJson(value), spellJson(value));
  }
  return members;
}

function enumOf(schema: JsonObject): readonly Json[] {
  const constant = member(schema, 'const');
  const values = member(schema, 'enum');
  if (constant !== undefined) return [constant];
  return Array.isArray(values) ? values : [];
}

const kindsOfType: ReadonlyMap<string, NanoKind> = new Map([
  ['string', 'str'],
  ['integer', 'int'],
  ['number', 'num'],
  ['boolean', 'bool'],
  ['array', 'list'],
]);

function kindOf(schema: JsonSchema): NanoKind {
  if (!isJsonObject(schema)) return 'json';
  if (enumOf(schema).length > 0) return 'enum';
  const [type, ...more] = typesOf(schema).filter((name) => name !== 'null');
  return type === undefined || more.length > 0 ? 'json' : (kindsOfType.get(type) ?? 'json');
}

function typesOf(schema: JsonObject): readonly string[] {
  const type = member(schema, 'type');
  return typeof type === 'string' ? [type] : stringList(type);
}

/** Do the object's members become lines of their own? */
function isFlat(schema: JsonObject, required: boolean, depth: number): boolean {
  if (depth >= mostKeyParts || member(schema, 'type') !== 'object' || !hasProperties(schema)) return false;
  if ((member(schema, 'additionalProperties') ?? false) !== false) return false;
  if (!Object.keys(schema).every((keyword) => plainKeywords.has(keyword))) return false;
  return required ? namesItsRequired(schema) : requiredOf(schema).size === 0;
}

/** Is `{}` all there is to say? */
function isEmptyObject(schema: JsonObject): boolean {
  const plain = Object.keys(schema).every((keyword) => plainKeywords.has(keyword) || rootKeywords.has(keyword));
  const open = isJsonObject(member(schema, 'additionalProperties'));
  return plain && !open && !hasProperties(schema) && requiredOf(schema).size === 0;
}

function hasProperties(schema: JsonObject): boolean {
  return schemaEntries(member(schema, 'properties')).length > 0;
}

function requiredOf(schema: JsonObject): ReadonlySet<string> {
  return new Set(stringList(member(schema, 'required')));
}

/** Has every required member a schema of its own? One without could never be written as a line. */
function namesItsRequired(schema: JsonObject): boolean {
  const names = new Set(schemaEntries(member(schema, 'properties')).map(([name]) => name));
  return [...requiredOf(schema)].every((name) => names.has(name));
}

/** Follows local references and reads "a schema or null" as that schema; what stands beside a reference wins. */
function follow(schema: JsonSchema, root: JsonSchema): JsonSchema {
  let current = schema;
  for (let hop = 0; hop < mostHops && isJsonObject(current); hop++) {
    const { $ref: reference, ...beside } = current;
    const found = typeof reference === 'string' ? resolveReference(root, reference) : orNull(current);
    if (found === undefined) break;
    current = isJsonObject(found) && typeof reference === 'string' ? { ...found, ...beside } : found;
  }
  return current;
}

/** `anyOf: [X, { type: null }]` as an X that may be null; undefined if the union is any other. */
function orNull(schema: JsonObject): JsonSchema | undefined {
  const { anyOf, oneOf, ...beside } = schema;
  const union = schemaList(anyOf ?? oneOf).filter(isJsonObject);
  const [only, ...more] = union.filter((each) => member(each, 'type') !== 'null');
  if (union.length !== 2 || only === undefined || more.length > 0 || (anyOf !== undefined && oneOf !== undefined))
    return undefined;
  const type = member(only, 'type');
  if (typeof type !== 'string' || enumOf(only).length > 0) return undefined;
  if (Object.keys(beside).some((keyword) => keyword === 'type' || !plainKeywords.has(keyword))) return undefined;
  return { ...only, ...beside, type: [type, 'null'] };
}

/** A schema taken out of its document takes along what its references mean. */
function withDefinitions(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (!isJsonObject(schema) || !isJsonObject(root)) return schema;
  const { $defs, definitions } = root;
  return { ...schema, ...($defs !== undefined && { $defs }), ...(definitions !== undefined && { definitions }) };
}
