/** Which keys can be names of tags. */

import type { ExactJson } from '../../base/json.ts';
import type { NestedNotation } from '../../grammar/notation.ts';
import { escapeXml } from './xml.ts';

/** Longer names are not read. */
export const maxTagName = 1_000;

/** Can a reader find the end of this name? */
export function isTagName(key: string, { start, end, escapes }: NestedNotation): boolean {
  if (key === '' || key.length > maxTagName || /[\s<>/"'&=\uFFFF]/.test(key) || !key.isWellFormed()) return false;
  const name = escapes === 'xml' ? escapeXml(key) : key;
  return [start[1], end[1]].every((mark) => (name + mark).indexOf(mark) === name.length);
}

/** Can all keys of an object be names of tags? Otherwise it is written as JSON, as is one without keys. */
export function isTagged(value: ReadonlyMap<string, ExactJson>, notation: NestedNotation): boolean {
  return value.size > 0 && [...value.keys()].every((key) => isTagName(key, notation));
}
