/** Arguments spelled as one pair of tags each: strings as they are, everything else as JSON. */

import { type CodePointRange, choice, type GrammarNode, optional, rule, sequence, text, words } from './grammar.ts';
import { jsonBoolean, jsonNull, jsonNumber, separated } from './json-text.ts';
import type { TaggedNotation } from './notation.ts';
import { xmlSpellings } from './notation-characters.ts';
import { blanks, openKey } from './notation-keys.ts';
import { markNode } from './notation-mark.ts';
import { type RawText, rawText } from './notation-raw.ts';
import { objectsOnly, type Spelling } from './spelling.ts';
import { jsonSpelling } from './spelling-json.ts';
import { xmlJsonSpelling } from './spelling-xml-json.ts';

/** All that JSON Schema knows besides strings. */
const otherTypes = new Set(['null', 'boolean', 'integer', 'number', 'array', 'object']);

/** The arguments. */
export function taggedSpelling(notation: TaggedNotation): Spelling {
  const value = valueSpelling(notation);
  const open = markNode(notation.open);
  const delimiter = notation.type?.open ?? notation.middle;
  const key = (node: GrammarNode): GrammarNode => sequence(open, node);
  const other = (names: readonly string[]): GrammarNode => openKey(names.flatMap(spelledKeys), excludedFrom(delimiter));
  const separator = text(notation.separator);
  const spelledKeys = (name: string): readonly string[] => (notation.escapes === 'xml' ? xmlSpellings(name) : [name]);
  const anyMembers = optional(separated(sequence(key(other([])), value.anyValue), separator));
  const root: Spelling = {
    ...objectsOnly(value),
    get map() {
      return root;
    },
    rules: { ...value.rules, 'tagged-arguments': anyMembers },
    anyValue: rule('tagged-arguments'),
    anyObject: rule('tagged-arguments'),
    object: (members) => members,
    memberSeparator: separator,
    member: (name) => {
      const spelled = spelledKeys(name).filter((spelling) => isKey(spelling, delimiter));
      return spelled.length === 0 ? undefined : { before: key(words(spelled)), value };
    },
    otherMember: (names) => ({ before: key(other(names)), value }),
  };
  return root;
}

/** Longer keys are not read. */
const maxKey = 999;

/** Can a reader find the end of this key? */
function isKey(key: string, delimiter: string): boolean {
  if (key === '' || key.length > maxKey || /[\r\n\uFFFF]/.test(key) || !key.isWellFormed()) return false;
  return (key + delimiter).indexOf(delimiter) === key.length;
}

/** What no key holds that the schema does not name: the delimiter's first letter, blanks, quotes, what XML escapes. */
function excludedFrom(delimiter: string): readonly CodePointRange[] {
  const letters = [...'"\'&<', String.fromCodePoint(delimiter.codePointAt(0) ?? 0)];
  return [
    ...letters.map((letter): CodePointRange => [letter.codePointAt(0) ?? 0, letter.codePointAt(0) ?? 0]),
    ...blanks,
  ];
}

/** What stands behind the key: the type if it is named, the value, the end. */
function valueSpelling(notation: TaggedNotation): Spelling {
  const raw = rawText({ pad: notation.pad, mark: notation.close }, notation.escapes, 'tagged-text-');
  const start = startNodes(notation);
  const json = notation.escapes === 'xml' ? xmlJsonSpelling : jsonSpelling;
  const asJson = (node: GrammarNode, ...types: readonly string[]): GrammarNode => sequence(start(types), node, raw.end);
  const anyText = sequence(start(['string']), raw.any);
  const value: Spelling = {
    rules: { ...json.rules, ...raw.rules },
    onlyObjects: false,
    anyValue: notation.type === undefined ? anyText : choice(anyText, ...anyJson(json, asJson)),
    anyObject: asJson(json.anyObject, 'object'),
    anyArray: asJson(json.anyArray, 'array'),
    null: asJson(jsonNull, 'null'),
    boolean: (values) => asJson(json.boolean(values), 'boolean'),
    // A whole number may be called one where integers are among several types.
    number: (node, types) => asJson(node, ...new Set([...types, 'number'])),
    string: () => anyText,
    boundsStrings: false,
    likeStrings: notation.type === undefined ? otherTypes : new Set(),
    ...strings(start(['string']), raw),
    object: (members) => asJson(json.object(members), 'object'),
    memberSeparator: json.memberSeparator,
    member: json.member,
    otherMember: json.otherMember,
    keyedMember: json.keyedMember,
    array: (items) => asJson(json.array(items), 'array'),
    itemSeparator: json.itemSeparator,
    fewestItems: 0,
    item: json,
    get map() {
      return value;
    },
  };
  return value;
}

/** Any value but a string, under the name of its type. */
function anyJson(
  json: Spelling,
  asJson: (node: GrammarNode, ...types: readonly string[]) => GrammarNode,
): GrammarNode[] {
  return [
    asJson(json.anyObject, 'object'),
    asJson(json.anyArray, 'array'),
    asJson(jsonNumber, 'number', 'integer'),
    asJson(jsonBoolean, 'boolean'),
    asJson(jsonNull, 'null'),
  ];
}

function strings(start: GrammarNode, raw: RawText): Pick<Spelling, 'quoted' | 'words' | 'copying'> {
  return {
    quoted: (content) => sequence(start, content(raw.copying.characters), raw.end),
    words: (values) => {
      const written = raw.words(values);
      return written && sequence(start, written);
    },
    copying: raw.copying,
  };
}

/** What stands between a key and a value of one of these types. */
function startNodes({ type, middle, pad }: TaggedNotation): (types: readonly string[]) => GrammarNode {
  const behind = sequence(markNode(middle), text(pad));
  if (type === undefined) return () => behind;
  const open = markNode(type.open);
  return (types) => {
    const named = type.words === 'type' ? types : [String(types.includes('string'))];
    return sequence(open, words(named), behind);
  };
}
