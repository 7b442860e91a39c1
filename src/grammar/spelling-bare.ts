/** Arguments spelled as an object with bare keys, whose strings stand between marks. */

import { type CodePointRange, choice, type GrammarNode, optional, rule, sequence, text, words } from './grammar.ts';
import { jsonBoolean, jsonNull, jsonNumber, separated } from './json-text.ts';
import type { BareNotation } from './notation.ts';
import { rawCharacters } from './notation-characters.ts';
import { blanks, openKey } from './notation-keys.ts';
import { markNode } from './notation-mark.ts';
import { rawText } from './notation-raw.ts';
import { objectsOnly, type Spelling } from './spelling.ts';

/** What ends a key. */
const keyEnd = /[:,{}[\]]/u;
/** Longer keys are not read. */
const maxKey = 999;

/** Blanks around a key are not the key's, and what begins as a string does is one. */
function isKey(name: string, mark: string): boolean {
  if (name === '' || name.length > maxKey || name !== name.trim() || !name.isWellFormed()) return false;
  return !keyEnd.test(name) && !name.startsWith('"') && !name.startsWith(mark);
}

/** What no key holds that the schema does not name: what ends keys, blanks, quotes and the mark's first letter. */
function notInKeys(mark: string): readonly CodePointRange[] {
  const first = mark.codePointAt(0) ?? 0;
  return [
    ...[...':,{}[]"'].map((letter): CodePointRange => [letter.charCodeAt(0), letter.charCodeAt(0)]),
    [first, first],
    ...blanks,
  ];
}

const comma = text(',');
const anyValue = rule('bare-value');
const anyObject = rule('bare-object');
const anyList = rule('bare-list');
const markedScalars = new Set(['null', 'boolean', 'integer', 'number']);

/** Braces included; no blanks. */
export function bareSpelling(notation: BareNotation): Spelling {
  const mark = markNode(notation.mark);
  const excluded = notInKeys(notation.mark);
  const raw = rawText({ pad: '', mark: notation.mark }, 'none', 'bare-text-');
  const anyString = sequence(mark, raw.any);
  const scalar = (node: GrammarNode): GrammarNode =>
    notation.marked === 'scalars' ? sequence(mark, node, mark) : node;
  const scalars = choice(scalar(jsonNumber), scalar(jsonBoolean), scalar(jsonNull));
  const spelling: Spelling = {
    rules: {
      ...raw.rules,
      'bare-value':
        notation.marked === 'scalars'
          ? choice(anyObject, anyList, anyString)
          : choice(anyObject, anyList, anyString, scalars),
      'bare-object': sequence(
        text('{'),
        optional(separated(sequence(openKey([], excluded), text(':'), anyValue), comma)),
        text('}'),
      ),
      'bare-list': sequence(text('['), optional(separated(anyValue, comma)), text(']')),
    },
    onlyObjects: false,
    anyValue,
    anyObject,
    anyArray: anyList,
    null: scalar(jsonNull),
    boolean: (values) => scalar(values.length === 2 ? jsonBoolean : words(values.map(String))),
    number: scalar,
    string: () => anyString,
    boundsStrings: false,
    likeStrings: notation.marked === 'scalars' ? markedScalars : new Set(),
    quoted: (content) => sequence(mark, content(rawCharacters), mark),
    words: (values) => {
      const written = raw.words(values);
      return written && sequence(mark, written);
    },
    copying: raw.copying,
    object: (members) => sequence(text('{'), members, text('}')),
    memberSeparator: comma,
    member: (name) => (isKey(name, notation.mark) ? { before: text(`${name}:`), value: spelling } : undefined),
    otherMember: (names) => ({ before: sequence(openKey(names, excluded), text(':')), value: spelling }),
    array: (items) => sequence(text('['), items, text(']')),
    itemSeparator: comma,
    fewestItems: 0,
    get map() {
      return spelling;
    },
    get item() {
      return spelling;
    },
  };
  const root: Spelling = {
    ...objectsOnly(spelling),
    get map() {
      return root;
    },
  };
  return root;
}
