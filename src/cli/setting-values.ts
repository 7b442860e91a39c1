/** Turns the text of a setting into its value, or says what would have been right. */

import { ConfigError } from '../base/errors.ts';
import type { Given } from './arguments.ts';

/** The last value given, which must not be empty. */
export function toText(given: Given): string {
  const text = given.values.at(-1)?.trim() ?? '';
  if (text === '') throw new ConfigError('invalid_config', `${given.source} is empty.`);
  return text;
}

/** All values, split at commas. */
export function toList(given: Given): string[] {
  const items = given.values.flatMap((value) => value.split(',')).map((item) => item.trim());
  const filled = items.filter((item) => item !== '');
  if (filled.length === 0) throw new ConfigError('invalid_config', `${given.source} is empty.`);
  return [...new Set(filled)];
}

/** A whole number within [min, max]. */
export function toInteger(given: Given, min: number, max: number): number {
  const text = toText(given);
  const value = /^-?\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw wrong(given, text, `a whole number from ${min} to ${max}`);
  return value;
}

const suffixes: Readonly<Record<string, number>> = {
  '': 1,
  k: 1_000,
  K: 1_024,
  m: 1_000_000,
  M: 1_048_576,
};

/** A number of tokens: `8192`, `8k` (thousand), `8K` (1024), `1.5m`; `auto` and `-1` = undefined. */
export function toTokens(given: Given): number | undefined {
  const text = toText(given);
  if (text === 'auto' || text === '-1') return undefined;
  const [, digits = '', suffix = ''] = /^(\d{1,9}(?:\.\d{1,3})?)([kKmM]?)$/.exec(text) ?? [];
  const value = digits === '' ? Number.NaN : Math.floor(Number(digits) * (suffixes[suffix] ?? 1));
  if (!(value >= 64 && value <= 100_000_000)) throw wrong(given, text, 'a number of tokens such as 8192 or 8K');
  return value;
}

/** One of the listed words. */
export function toOneOf<T extends string>(given: Given, allowed: readonly T[]): T {
  const text = toText(given).toLowerCase();
  const found = allowed.find((item) => item === text);
  if (found === undefined) throw wrong(given, text, `one of ${allowed.join(', ')}`);
  return found;
}

/** A switch that is on or off. */
export function toBoolean(given: Given): boolean {
  return ['true', '1', 'yes', 'on'].includes(toOneOf(given, ['true', 'false', '1', '0', 'yes', 'no', 'on', 'off']));
}

function wrong(given: Given, text: string, expected: string): ConfigError {
  return new ConfigError('invalid_config', `${given.source}: '${text}' is not ${expected}.`);
}

/** A command's words; one that holds blanks stands in quotes. */
export function toWords(given: Given): readonly string[] {
  const words = toText(given).match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? [];
  return words.map((word) => word.replace(/^(["'])(.*)\1$/s, '$2'));
}
