/** Values spelled as JSON in XML's text: what XML must escape is escaped, quotes may be. */

import { anyCodePoint } from '../schema/code-points.ts';
import { choice, optional, repeat, rule, sequence, text, words } from './grammar.ts';
import { colon, comma, jsonBoolean, jsonNull, jsonNumber, separated } from './json-text.ts';
import { xmlJsonCharacters, xmlSpellings } from './notation-characters.ts';
import { openKey } from './notation-keys.ts';
import type { LengthBounds, Spelling } from './spelling.ts';
import { jsonSpelling } from './spelling-json.ts';
import { spelledSet } from './text-grammar.ts';

const quote = words(['"', '&quot;']);
const character = spelledSet(anyCodePoint, xmlJsonCharacters);
const string = ({ min, max }: LengthBounds) => sequence(quote, repeat(character, min ?? 0, max), quote);

const anyValue = rule('xml-json-value');
const anyObject = rule('xml-json-object');
const anyArray = rule('xml-json-array');

/** Control characters, quote, `&`, `<` and backslash. */
const notInKeys = [
  [0, 0x1f],
  [0x22, 0x22],
  [0x26, 0x26],
  [0x3c, 0x3c],
  [0x5c, 0x5c],
] as const;

const written = (values: readonly string[]) => words(values.flatMap((value) => xmlSpellings(JSON.stringify(value))));

/** JSON in XML. */
export const xmlJsonSpelling: Spelling = {
  ...jsonSpelling,
  rules: {
    'xml-json-value': choice(anyObject, anyArray, string({}), jsonNumber, jsonBoolean, jsonNull),
    'xml-json-object': sequence(
      text('{'),
      optional(separated(sequence(string({}), colon, anyValue), comma)),
      text('}'),
    ),
    'xml-json-array': sequence(text('['), optional(separated(anyValue, comma)), text(']')),
  },
  anyValue,
  anyObject,
  anyArray,
  string,
  quoted: (content) => sequence(quote, content(xmlJsonCharacters), quote),
  words: written,
  copying: { characters: xmlJsonCharacters, without: ['<', '&'] },
  member: (name) => ({ before: sequence(written([name]), colon), value: xmlJsonSpelling }),
  otherMember: (names) => ({
    before: sequence(names.length === 0 ? string({}) : sequence(quote, openKey(names, notInKeys), quote), colon),
    value: xmlJsonSpelling,
  }),
  keyedMember: (content) => ({
    before: sequence(quote, content(xmlJsonCharacters), quote, colon),
    value: xmlJsonSpelling,
  }),
  get map() {
    return xmlJsonSpelling;
  },
  get item() {
    return xmlJsonSpelling;
  },
};
