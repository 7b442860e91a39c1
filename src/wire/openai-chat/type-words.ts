/** The words people write for JSON types (`int`, `dict`, `list[str]` …), read as JSON Schema. */

import type { Json, JsonObject } from '../../base/json.ts';

const words: ReadonlyMap<string, string> = new Map(
  Object.entries({
    string: 'string str text char varchar datetime time timestamp',
    integer: 'integer int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 long short bigint',
    number: 'number float float32 float64 double decimal real numeric',
    boolean: 'boolean bool',
    object: 'object dict dictionary map hashmap struct mapping',
    array: 'array list tuple set arraylist sequence',
    null: 'null none nil',
  }).flatMap(([type, aliases]) => aliases.split(' ').map((alias): [string, string] => [alias, type])),
);
/** Words for texts of a known form, by JSON Schema's name; its times demand a zone, which nobody means by `time`. */
const formats: ReadonlyMap<string, string> = new Map([
  ['date', 'date'],
  ['email', 'email'],
  ['uri', 'uri'],
  ['url', 'uri'],
  ['uuid', 'uuid'],
]);
const anyWords: ReadonlySet<string> = new Set(['', 'any', 'mixed', 'unknown', 'all']);
const ofPattern = /^([a-z]+) ?[[<](.*)[\]>]$/;
const suffixPattern = /^([^[\]]+)\[\]$/;
const maxWordLength = 200;

/**
 * The schema that a type word stands for (`{}` = anything), or undefined for a word nobody knows.
 * `list[int]`, `array<string>` and `string[]` carry their items; `str | None` is a union.
 */
export function readTypeWord(written: string): JsonObject | undefined {
  const word = written.trim().toLowerCase();
  if (word.length > maxWordLength) return undefined;
  if (anyWords.has(word)) return {};
  const type = words.get(word);
  if (type !== undefined) return { type };
  const format = formats.get(word);
  return format === undefined ? readCompound(word) : { type: 'string', format };
}

function readCompound(word: string): JsonObject | undefined {
  const suffixed = suffixPattern.exec(word)?.[1];
  if (suffixed !== undefined) return arrayOf(suffixed);
  const [, outer = '', inner = ''] = ofPattern.exec(word) ?? [];
  const type = words.get(outer);
  if (type === 'array') return arrayOf(inner);
  if (type === 'object') return { type };
  if (outer === 'optional') return readTypeWord(inner);
  return word.includes('|') ? readUnion(word.split('|')) : undefined;
}

/** Types alone can be listed; a member that says more, or nothing, leaves the value free. */
function readUnion(members: readonly string[]): JsonObject | undefined {
  const types: Json[] = [];
  for (const member of members) {
    const { type, ...rest } = readTypeWord(member) ?? {};
    if (type === undefined || Object.keys(rest).length > 0) return undefined;
    types.push(type);
  }
  return { type: [...new Set(types)] };
}

/** Unknown or mixed element types leave the elements free. */
function arrayOf(inner: string): JsonObject {
  const items = readTypeWord(inner);
  return items === undefined || Object.keys(items).length === 0 ? { type: 'array' } : { type: 'array', items };
}
