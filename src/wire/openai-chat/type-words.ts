/** The words people write for JSON types (`int`, `dict`, `list[str]` …), read as JSON Schema. */

import type { JsonObject } from '../../base/json.ts';

const words: ReadonlyMap<string, string> = new Map(
  Object.entries({
    string: 'string str text char varchar date datetime time timestamp uri url uuid email',
    integer: 'integer int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 long short bigint',
    number: 'number float float32 float64 double decimal real numeric',
    boolean: 'boolean bool',
    object: 'object dict dictionary map hashmap struct mapping',
    array: 'array list tuple set arraylist sequence',
    null: 'null none nil',
  }).flatMap(([type, aliases]) => aliases.split(' ').map((alias): [string, string] => [alias, type])),
);
const anyWords: ReadonlySet<string> = new Set(['', 'any', 'mixed', 'unknown', 'all']);
const ofPattern = /^([a-z]+)\s*[[<]\s*(.*?)\s*[\]>]$/;
const suffixPattern = /^([^[\]]+)\[\]$/;
const maxWordLength = 200;

/**
 * The schema that a type word stands for (`{}` = anything), or undefined for a word nobody knows.
 * `list[int]`, `array<string>` and `string[]` carry their items.
 */
export function readTypeWord(written: string): JsonObject | undefined {
  const word = written.trim().toLowerCase();
  if (word.length > maxWordLength) return undefined;
  if (anyWords.has(word)) return {};
  const type = words.get(word);
  if (type !== undefined) return { type };
  return readCompound(word);
}

function readCompound(word: string): JsonObject | undefined {
  const suffixed = suffixPattern.exec(word)?.[1];
  if (suffixed !== undefined) return arrayOf(suffixed);
  const [, outer = '', inner = ''] = ofPattern.exec(word) ?? [];
  const type = words.get(outer);
  if (type === 'array') return arrayOf(inner);
  if (type === 'object') return { type };
  return outer === 'optional' ? readTypeWord(inner) : undefined;
}

/** Unknown or mixed element types leave the elements free. */
function arrayOf(inner: string): JsonObject {
  const items = readTypeWord(inner);
  return items === undefined || Object.keys(items).length === 0 ? { type: 'array' } : { type: 'array', items };
}
