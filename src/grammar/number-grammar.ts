/** Grammar of numbers; whole bounds of integers hold exactly, other bounds only as far as the sign. */

import { member, type SchemaObject } from '../schema/json-schema.ts';
import { choice, type GrammarNode, repeat, sequence, set, text } from './grammar.ts';
import { anyDigit, jsonInteger, jsonNatural, jsonNumber, jsonPositiveNumber } from './json-text.ts';
import type { SchemaContext } from './schema-context.ts';

/** The numbers a schema allows. */
export function numberNode(schema: SchemaObject, type: 'integer' | 'number', context: SchemaContext): GrammarNode {
  if (member(schema, 'multipleOf') !== undefined && !(type === 'integer' && member(schema, 'multipleOf') === 1))
    context.relax('multipleOf');
  const bounds = ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'].filter(
    (keyword) => typeof member(schema, keyword) === 'number',
  );
  if (bounds.length === 0) return type === 'integer' ? jsonInteger : jsonNumber;
  if (type === 'integer') {
    const { min, max } = wholeBounds(schema);
    if (min > max) return context.never();
    if (isExact(min) && isExact(max)) return integerRange(min, max);
  }
  return signedNumber(schema, type, context);
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

/** Bounds that a sign cannot express are named. */
function signedNumber(schema: SchemaObject, type: 'integer' | 'number', context: SchemaContext): GrammarNode {
  const isPositive = bound(schema, 'minimum', -1) >= 0 || bound(schema, 'exclusiveMinimum', -1) >= 0;
  for (const keyword of ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'])
    if (typeof member(schema, keyword) === 'number' && !(keyword === 'minimum' && member(schema, keyword) === 0))
      context.relax(keyword);
  if (type === 'integer') return isPositive ? jsonNatural : jsonInteger;
  return isPositive ? jsonPositiveNumber : jsonNumber;
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
