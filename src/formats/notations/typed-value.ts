/** Turns the text of a value that is not told from a string into JSON, as its schema has it. */

import { type ExactJson, printExact } from '../../base/json.ts';
import type { JsonSchema } from '../../chat/tool.ts';
import { typeOf } from '../../schema/check-scalar.ts';
import { isTypeName } from '../../schema/json-schema.ts';
import { LooseJson, type MendRule } from '../loose-json.ts';
import type { SchemaGuide } from './schema-guide.ts';

/** The JSON of a value: its text stands between marks and may be a string as well as anything else. */
export function typedJson(text: string, schema: JsonSchema, guide: SchemaGuide): string {
  if (guide.isText(schema)) return JSON.stringify(text);
  if (!guide.types(schema).has('string')) return plainJson(text, schema, guide);
  const trimmed = text.trim();
  const value = parsed(trimmed);
  const isMeant =
    value !== undefined && typeof value !== 'string' && isOfType(value, schema, guide) && guide.isValid(schema, value);
  return isMeant ? trimmed : JSON.stringify(text);
}

/** The JSON of a value that its spelling tells from a string: a string only where it can be nothing else. */
export function plainJson(text: string, schema: JsonSchema, guide: SchemaGuide): string {
  const trimmed = text.trim();
  const types = guide.types(schema);
  if (trimmed === '' && !types.has('string') && (types.has('array') || types.has('object')))
    return types.has('array') ? '[]' : '{}';
  const json = literalJson(trimmed);
  return json === undefined || (json === 'null' && !types.has('null')) ? JSON.stringify(trimmed) : json;
}

/** The JSON of text that is JSON, numbers as written, or Python's literals; undefined if it is neither. */
export function literalJson(text: string): string | undefined {
  if (parsed(text) !== undefined) return text;
  const value = looseValue(text);
  return value === undefined ? undefined : printExact(value);
}

/** Longer texts are not taken for Python's. */
const maxLoose = 1_000_000;
/** What text may have instead of JSON and still mean exactly one value. */
const literalRules: ReadonlySet<MendRule> = new Set([
  'single-quotes',
  'python-literal',
  'trailing-comma',
  'loose-number',
  'control-character',
  'invalid-escape',
]);

function looseValue(text: string): ExactJson | undefined {
  if (text.length > maxLoose || !/^[[{"'\d+.\-TFN]/.test(text)) return undefined;
  const rules = new Set<MendRule>();
  const value = new LooseJson(text, rules).whole();
  return [...rules].every((rule) => literalRules.has(rule)) ? value : undefined;
}

/** The value of JSON text; undefined if it is none. */
function parsed(text: string): unknown {
  if (!/^[[{"\-\dtfn]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isOfType(value: unknown, schema: JsonSchema, guide: SchemaGuide): boolean {
  const type = typeOf(value);
  return isTypeName(type) && guide.types(schema).has(type);
}
