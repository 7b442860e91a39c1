/** Arguments spelled as one pair of tags each: strings as they are, everything else as JSON. */

import { choice, type GrammarNode, optional, rule, sequence, text, words } from './grammar.ts';
import { jsonArray, jsonBoolean, jsonNull, jsonNumber, jsonObject, jsonValueRules, separated } from './json-text.ts';
import type { TaggedNotation } from './notation.ts';
import { openKey } from './notation-keys.ts';
import { markNode } from './notation-mark.ts';
import { type RawText, rawText, xmlSpellings } from './notation-raw.ts';
import { objectsOnly, type Spelling } from './spelling.ts';
import { jsonSpelling } from './spelling-json.ts';

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
  const any = optional(separated(sequence(key(other([])), value.anyValue), separator));
  const root: Spelling = {
    ...objectsOnly(value),
    get map() {
      return root;
    },
    rules: { ...value.rules, 'tagged-arguments': any },
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

/** Can a reader find the end of this key? */
function isKey(key: string, delimiter: string): boolean {
  if (key === '' || /[\r\n]/.test(key) || !key.isWellFormed()) return false;
  return (key + delimiter).indexOf(delimiter) === key.length;
}

/** What no key holds that the schema does not name: line breaks, the delimiter's first letter, what XML escapes. */
function excludedFrom(delimiter: string): readonly (readonly [number, number])[] {
  const first = delimiter.codePointAt(0) ?? 0;
  return [
    [0, 0x1f],
    [first, first],
    [0x26, 0x26],
    [0x3c, 0x3c],
  ];
}

/** What stands behind the key: the type if it is named, the value, the end. */
function valueSpelling(notation: TaggedNotation): Spelling {
  const raw = rawText({ pad: notation.pad, mark: notation.close }, notation.escapes, 'tagged-text-');
  const start = startNodes(notation);
  const asJson = (node: GrammarNode, ...types: readonly string[]): GrammarNode => sequence(start(types), node, raw.end);
  const anyText = sequence(start(['string']), raw.any);
  const value: Spelling = {
    rules: { ...jsonValueRules, ...raw.rules },
    onlyObjects: false,
    anyValue: notation.type === undefined ? anyText : choice(anyText, ...anyJson(asJson)),
    anyObject: asJson(jsonObject, 'object'),
    anyArray: asJson(jsonArray, 'array'),
    null: asJson(jsonNull, 'null'),
    boolean: (values) => asJson(jsonSpelling.boolean(values), 'boolean'),
    number: (node, types) => asJson(node, ...types),
    string: () => anyText,
    boundsStrings: false,
    likeStrings: notation.type === undefined ? otherTypes : new Set(),
    ...strings(start(['string']), raw),
    object: (members) => asJson(jsonSpelling.object(members), 'object'),
    memberSeparator: jsonSpelling.memberSeparator,
    member: jsonSpelling.member,
    otherMember: jsonSpelling.otherMember,
    array: (items) => asJson(jsonSpelling.array(items), 'array'),
    itemSeparator: jsonSpelling.itemSeparator,
    fewestItems: 0,
    item: jsonSpelling,
    get map() {
      return value;
    },
  };
  return value;
}

/** Any value but a string, under the name of its type. */
function anyJson(asJson: (node: GrammarNode, ...types: readonly string[]) => GrammarNode): GrammarNode[] {
  return [
    asJson(jsonObject, 'object'),
    asJson(jsonArray, 'array'),
    asJson(jsonNumber, 'number', 'integer'),
    asJson(jsonBoolean, 'boolean'),
    asJson(jsonNull, 'null'),
  ];
}

function strings(start: GrammarNode, raw: RawText): Pick<Spelling, 'quoted' | 'words' | 'copying'> {
  return {
    quoted: (content) => sequence(start, content, raw.end),
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
