/** Grammar of numbers within bounds; where there are any, without exponents. */

import { member, type SchemaObject } from '../schema/json-schema.ts';
import { allTexts, intersection, isEmpty, type TextAutomaton } from '../schema/text-automaton.ts';
import { choice, type GrammarNode, repeat, sequence, set, text } from './grammar.ts';
import { anyDigit, jsonInteger, jsonNumber } from './json-text.ts';
import { type Bound, multiplesOf, textsFrom, textsUpTo } from './number-texts.ts';
import type { SchemaContext } from './schema-context.ts';
import { textContent } from './text-grammar.ts';

/** The numbers a schema allows. */
export function numberNode(schema: SchemaObject, type: 'integer' | 'number', context: SchemaContext): GrammarNode {
  const step = member(schema, 'multipleOf');
  const isStepped = typeof step === 'number' && !(type === 'integer' && step === 1);
  const bounds = boundsOf(schema);
  if (bounds.length === 0 && !isStepped) return type === 'integer' ? jsonInteger : jsonNumber;
  if (type === 'integer' && !isStepped) {
    const { min, max } = wholeBounds(schema);
    if (min > max) return context.never();
    if (isExact(min) && isExact(max)) return integerRange(min, max);
  }
  return context.shared(JSON.stringify([type, step ?? null, bounds]), () => boundedNode(schema, type, context));
}

/** A bound under its keyword. */
interface NamedBound extends Bound {
  readonly keyword: string;
}

function boundsOf(schema: SchemaObject): NamedBound[] {
  return ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'].flatMap((keyword) => {
    const value = member(schema, keyword);
    return typeof value === 'number' ? [{ keyword, value, isOpen: keyword.startsWith('exclusive') }] : [];
  });
}

/** Decimals within all bounds; what takes too many states is relaxed. */
function boundedNode(schema: SchemaObject, type: 'integer' | 'number', context: SchemaContext): GrammarNode {
  const step = member(schema, 'multipleOf');
  let found = allTexts;
  const add = (keyword: string, texts: TextAutomaton | undefined): void => {
    const both = texts && intersection(found, texts);
    if (both === undefined) context.relax(keyword);
    found = both ?? found;
  };
  for (const { keyword, ...bound } of boundsOf(schema))
    add(keyword, keyword.endsWith('inimum') ? textsFrom(bound, type) : textsUpTo(bound, type));
  if (typeof step === 'number' && !(type === 'integer' && step === 1)) add('multipleOf', multiplesOf(step, type));
  if (isEmpty(found)) return context.never();
  if (found !== allTexts && context.takes(found.states.length)) return textContent(found, context);
  for (const { keyword } of boundsOf(schema)) context.relax(keyword);
  if (step !== undefined) context.relax('multipleOf');
  return type === 'integer' ? jsonInteger : jsonNumber;
}

function isExact(bound: number): boolean {
  return !Number.isFinite(bound) || Math.abs(bound) <= Number.MAX_SAFE_INTEGER;
}

function bound(schema: SchemaObject, keyword: string, absent: number): number {
  const value = member(schema, keyword);
  return typeof value === 'number' ? value : absent;
}

/** The smallest and the largest integer allowed. */
function wholeBounds(schema: SchemaObject): { min: number; max: number } {
  const above = bound(schema, 'exclusiveMinimum', -Infinity);
  const below = bound(schema, 'exclusiveMaximum', Infinity);
  return {
    min: Math.max(Math.ceil(bound(schema, 'minimum', -Infinity)), Math.floor(above) + 1),
    max: Math.min(Math.floor(bound(schema, 'maximum', Infinity)), Math.ceil(below) - 1),
  };
}

/** All integers from `min` to `max`, either of which may be infinite. */
function integerRange(min: number, max: number): GrammarNode {
  const parts: GrammarNode[] = [];
  if (min < 0) parts.push(sequence(text('-'), naturalRange(Math.max(1, -max), -min)));
  if (max >= 0) parts.push(naturalRange(Math.max(0, min), max));
  return choice(...parts);
}

/** Most digits of a number whose upper bound is infinite. */
const maxDigits = 32;

/** Naturals from `min` to `max`, one alternative for each number of digits. */
function naturalRange(min: number, max: number): GrammarNode {
  const low = String(min);
  if (max === Infinity) return choice(range(low, '9'.repeat(low.length)), moreDigits(low.length + 1));
  const parts: GrammarNode[] = [];
  const high = String(max);
  for (let length = low.length; length <= high.length; length++) {
    const from = length === low.length ? low : `1${'0'.repeat(length - 1)}`;
    parts.push(range(from, length === high.length ? high : '9'.repeat(length)));
  }
  return choice(...parts);
}

function moreDigits(length: number): GrammarNode {
  return sequence(digits('1', '9'), repeat(anyDigit, length - 1, maxDigits - 1));
}

/** Numbers of equal length, digit by digit from the left. */
function range(low: string, high: string): GrammarNode {
  if (low === high) return text(low);
  const [first, last] = [low.charAt(0), high.charAt(0)];
  const more = low.length - 1;
  if (first === last) return sequence(text(first), range(low.slice(1), high.slice(1)));
  const parts: GrammarNode[] = [];
  const isFullBelow = /^0*$/.test(low.slice(1));
  const isFullAbove = /^9*$/.test(high.slice(1));
  if (!isFullBelow) parts.push(sequence(text(first), range(low.slice(1), '9'.repeat(more))));
  if (!isFullAbove) parts.push(sequence(text(last), range('0'.repeat(more), high.slice(1))));
  const from = isFullBelow ? first : next(first, 1);
  const to = isFullAbove ? last : next(last, -1);
  if (from <= to) parts.push(sequence(digits(from, to), repeat(anyDigit, more, more)));
  return choice(...parts);
}

function next(digit: string, step: number): string {
  return String(Number(digit) + step);
}

function digits(from: string, to: string): GrammarNode {
  return set([from.charCodeAt(0), to.charCodeAt(0)]);
}
