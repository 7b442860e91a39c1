/** Values spelled as JSON. */

import { sequence, text, words } from './grammar.ts';
import {
  colon,
  comma,
  jsonArray,
  jsonBoolean,
  jsonNull,
  jsonObject,
  jsonString,
  jsonValue,
  jsonValueRules,
} from './json-text.ts';
import { jsonCharacters } from './notation-characters.ts';
import { otherKey } from './other-key.ts';
import type { Spelling } from './spelling.ts';

/** JSON, with at most one blank after commas and colons. */
export const jsonSpelling: Spelling = {
  rules: jsonValueRules,
  onlyObjects: false,
  anyValue: jsonValue,
  anyObject: jsonObject,
  anyArray: jsonArray,
  null: jsonNull,
  boolean: (values) => (values.length === 2 ? jsonBoolean : words(values.map(String))),
  number: (node) => node,
  string: jsonString,
  boundsStrings: true,
  likeStrings: new Set(),
  quoted: (content) => sequence(text('"'), content(jsonCharacters), text('"')),
  words: (values) => words(values.map((value) => JSON.stringify(value))),
  copying: { characters: jsonCharacters, without: [] },
  object: (members) => sequence(text('{'), members, text('}')),
  memberSeparator: comma,
  member: (name) => ({ before: sequence(text(JSON.stringify(name)), colon), value: jsonSpelling }),
  otherMember: (names) => ({
    before: sequence(names.length === 0 ? jsonString() : otherKey(names), colon),
    value: jsonSpelling,
  }),
  keyedMember: (content) => ({
    before: sequence(text('"'), content(jsonCharacters), text('"'), colon),
    value: jsonSpelling,
  }),
  array: (items) => sequence(text('['), items, text(']')),
  itemSeparator: comma,
  fewestItems: 0,
  get map() {
    return jsonSpelling;
  },
  get item() {
    return jsonSpelling;
  },
};
