/** What the readers of format files share: objects without unknown keys, texts that are not empty. */

import type { Field } from '../base/decode.ts';

/** The object here, which may hold these properties only; `kind` may always be said. */
export function closed(field: Field, keys: readonly string[]): Field {
  const unknown = Object.keys(field.object()).find((key) => key !== 'kind' && !keys.includes(key));
  if (unknown !== undefined) throw field.get(unknown).invalid(`unknown property; known here: ${keys.join(', ')}`);
  return field;
}

/** A string, empty if absent. */
export function textOr(field: Field, otherwise = ''): string {
  return field.optional((given) => given.string()) ?? otherwise;
}

/** A string that is not empty. */
export function filled(field: Field): string {
  const text = field.string();
  if (text === '') throw field.invalid('must not be empty');
  return text;
}

/** A list of strings that are not empty; none if absent. */
export function filledList(field: Field): readonly string[] {
  return field.optional((given) => given.items().map(filled)) ?? [];
}

/** Two strings, neither empty. */
export function pair(field: Field): readonly [string, string] {
  const [first, second, ...more] = field.items();
  if (first === undefined || second === undefined || more.length > 0) throw field.wrongType('a list of two strings');
  return [filled(first), filled(second)];
}

/** One of the words, or the first of them if absent. */
export function wordOr<T extends string>(field: Field, words: readonly [T, ...T[]]): T {
  return field.optional((given) => given.oneOf(words)) ?? words[0];
}
