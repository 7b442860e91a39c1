/** Grammar of strings: length, the formats that have an exact grammar, copied stretches. */

import { member, type SchemaObject } from '../schema/json-schema.ts';
import { choice, type GrammarNode, optional, repeat, sequence, set, text, words } from './grammar.ts';
import { anyDigit, hexDigit } from './json-text.ts';
import type { SchemaContext } from './schema-context.ts';
import { count } from './schema-facts.ts';

/** The strings a schema allows. */
export function stringNode(schema: SchemaObject, context: SchemaContext): GrammarNode {
  const format = member(schema, 'format');
  const [min, max] = [count(schema, 'minLength'), count(schema, 'maxLength')];
  const exact = typeof format === 'string' && Object.hasOwn(formats, format) ? formats[format] : undefined;
  const hasPattern = member(schema, 'pattern') !== undefined;
  if (hasPattern) context.relax('pattern');
  if (exact !== undefined) {
    relaxLength(min, max, context);
    return context.spelling.quoted(exact);
  }
  if (format !== undefined) context.relax('format');
  if (context.copied !== undefined && format === undefined && !hasPattern) {
    relaxLength(min === 1 ? undefined : min, max, context);
    return context.spelling.quoted(context.copied);
  }
  if (!context.spelling.boundsStrings) relaxLength(min, max, context);
  return context.spelling.string({ ...(min !== undefined && { min }), ...(max !== undefined && { max }) });
}

function relaxLength(min: number | undefined, max: number | undefined, context: SchemaContext): void {
  if (min !== undefined && min > 0) context.relax('minLength');
  if (max !== undefined) context.relax('maxLength');
}

const digits = (length: number): GrammarNode => repeat(anyDigit, length, length);
const hex = (length: number): GrammarNode => repeat(hexDigit, length, length);
/** The numbers from `from` to `to`, with leading zeros to two digits. */
const twoDigits = (from: number, to: number): GrammarNode =>
  words(Array.from({ length: to - from + 1 }, (_, index) => String(from + index).padStart(2, '0')));

const multiplesOfFour = (from: number): string[] =>
  Array.from({ length: (100 - from) / 4 }, (_, index) => String(from + 4 * index).padStart(2, '0'));
const leapYear = choice(
  sequence(digits(2), words(multiplesOfFour(4))),
  sequence(words(multiplesOfFour(0)), text('00')),
);

const date = choice(
  sequence(
    digits(4),
    choice(
      sequence(words(['-01-', '-03-', '-05-', '-07-', '-08-', '-10-', '-12-']), twoDigits(1, 31)),
      sequence(words(['-04-', '-06-', '-09-', '-11-']), twoDigits(1, 30)),
      sequence(text('-02-'), twoDigits(1, 28)),
    ),
  ),
  sequence(leapYear, text('-02-29')),
);
const offset = choice(words(['Z', 'z']), sequence(words(['+', '-']), twoDigits(0, 23), text(':'), twoDigits(0, 59)));
const time = sequence(
  twoDigits(0, 23),
  text(':'),
  twoDigits(0, 59),
  text(':'),
  twoDigits(0, 59),
  optional(sequence(text('.'), repeat(anyDigit, 1, 9))),
  offset,
);
const octet = choice(
  anyDigit,
  sequence(set([0x31, 0x39]), anyDigit),
  sequence(text('1'), digits(2)),
  sequence(text('2'), set([0x30, 0x34]), anyDigit),
  sequence(text('25'), set([0x30, 0x35])),
);

/** Formats with an exact grammar. */
const formats: Readonly<Record<string, GrammarNode>> = {
  date,
  time,
  'date-time': sequence(date, words(['T', 't']), time),
  uuid: sequence(hex(8), text('-'), hex(4), text('-'), hex(4), text('-'), hex(4), text('-'), hex(12)),
  ipv4: sequence(octet, text('.'), octet, text('.'), octet, text('.'), octet),
};
