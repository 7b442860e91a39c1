/** Keywords that look at one value without looking inside: type, literal values, bounds, lengths, patterns. */

import { canonicalText } from './canonical.ts';
import { excludedPatterns, furtherPatterns } from './derived-keywords.ts';
import { member, type SchemaObject, stringList } from './json-schema.ts';
import { compilePattern } from './pattern.ts';
import { hasFormat } from './string-formats.ts';

/** A keyword and what is wrong. */
export type Complaint = readonly [keyword: string, message: string];

/** The JSON type of a value, `integer` told apart from `number`. */
export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
}

/** The names in `type` (and `null` where `nullable` says so); undefined if any type is fine. */
export function typesOf(schema: SchemaObject): string[] | undefined {
  const type = member(schema, 'type');
  const types = typeof type === 'string' ? [type] : stringList(type);
  if (types.length === 0) return undefined;
  return member(schema, 'nullable') === true ? [...types, 'null'] : types;
}

/** Is the value of one of these types? */
export function isOfType(value: unknown, types: readonly string[]): boolean {
  const type = typeOf(value);
  return types.includes(type) || (type === 'integer' && types.includes('number'));
}

/** Type, enum, const, and what belongs to the value's own type. */
export function checkScalar(schema: SchemaObject, value: unknown): Complaint[] {
  const out: Complaint[] = [];
  const types = typesOf(schema);
  if (types !== undefined && !isOfType(value, types))
    out.push(['type', `must be ${types.map(withArticle).join(' or ')}, not ${withArticle(typeOf(value))}`]);
  out.push(...checkLiterals(schema, value));
  if (typeof value === 'number') out.push(...checkNumber(schema, value));
  if (typeof value === 'string') out.push(...checkString(schema, value));
  return out;
}

function withArticle(type: string): string {
  if (type === 'null') return type;
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}

const maxShown = 20;

function checkLiterals(schema: SchemaObject, value: unknown): Complaint[] {
  const out: Complaint[] = [];
  const [listed, fixed] = [member(schema, 'enum'), member(schema, 'const')];
  if (!Array.isArray(listed) && fixed === undefined) return out;
  const text = canonicalText(value);
  if (Array.isArray(listed) && !listed.some((item) => canonicalText(item) === text)) {
    const shown = listed.slice(0, maxShown).map((item) => JSON.stringify(item));
    out.push(['enum', `must be one of ${shown.join(', ')}${listed.length > maxShown ? ', …' : ''}`]);
  }
  if (fixed !== undefined && canonicalText(fixed) !== text) out.push(['const', `must be ${JSON.stringify(fixed)}`]);
  return out;
}

function checkNumber(schema: SchemaObject, value: number): Complaint[] {
  const out: Complaint[] = [];
  const demand = (keyword: string, isKept: (bound: number) => boolean, words: string): void => {
    const bound = member(schema, keyword);
    if (typeof bound === 'number' && !isKept(bound)) out.push([keyword, `must be ${words} ${bound}`]);
  };
  demand('minimum', (bound) => value >= bound, 'at least');
  demand('maximum', (bound) => value <= bound, 'at most');
  demand('exclusiveMinimum', (bound) => value > bound, 'more than');
  demand('exclusiveMaximum', (bound) => value < bound, 'less than');
  demand('multipleOf', (bound) => bound <= 0 || isMultiple(value, bound), 'a multiple of');
  return out;
}

/** Decimal fractions are not exact in binary: 0.3 counts as a multiple of 0.1. */
function isMultiple(value: number, of: number): boolean {
  const quotient = value / of;
  return Math.abs(quotient - Math.round(quotient)) <= 1e-9 * Math.max(1, Math.abs(quotient));
}

function checkString(schema: SchemaObject, value: string): Complaint[] {
  const out: Complaint[] = [];
  const [min, max] = [member(schema, 'minLength'), member(schema, 'maxLength')];
  const length = typeof min === 'number' || typeof max === 'number' ? codePoints(value) : 0;
  if (typeof min === 'number' && length < min) out.push(['minLength', `must have at least ${min} characters`]);
  if (typeof max === 'number' && length > max) out.push(['maxLength', `must have at most ${max} characters`]);
  const pattern = member(schema, 'pattern');
  for (const source of [
    ...(typeof pattern === 'string' ? [pattern] : []),
    ...stringList(member(schema, furtherPatterns)),
  ])
    if (compilePattern(source)?.matches(value) === false) out.push(['pattern', `must match the pattern ${source}`]);
  for (const source of stringList(member(schema, excludedPatterns)))
    if (compilePattern(source)?.matches(value) === true) out.push(['not', `must not match the pattern ${source}`]);
  const format = member(schema, 'format');
  if (typeof format === 'string' && !hasFormat(value, format)) out.push(['format', `must be a valid ${format}`]);
  return out;
}

function codePoints(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}
