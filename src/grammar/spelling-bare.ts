/** Arguments spelled as an object with bare keys, whose strings stand between marks. */

import { type CodePointRange, choice, type GrammarNode, optional, rule, sequence, text, words } from './grammar.ts';
import { jsonBoolean, jsonNull, jsonNumber, separated } from './json-text.ts';
import type { BareNotation } from './notation.ts';
import { openKey } from './notation-keys.ts';
import { markNode } from './notation-mark.ts';
import { rawText } from './notation-raw.ts';
import { objectsOnly, type Spelling } from './spelling.ts';

/** What ends a key, or could be taken for the end of what is around it. */
const noKey = /[\s:,{}[\]<>]/u;
const notInKeys: readonly CodePointRange[] = [
  [0, 0x20],
  [0x2c, 0x2c],
  [0x3a, 0x3a],
  [0x3c, 0x3c],
  [0x3e, 0x3e],
  [0x5b, 0x5b],
  [0x5d, 0x5d],
  [0x7b, 0x7b],
  [0x7d, 0x7d],
  [0x7f, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200f],
  [0x2028, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];

const comma = text(',');
const anyValue = rule('bare-value');
const anyObject = rule('bare-object');
const anyList = rule('bare-list');
const markedScalars = new Set(['null', 'boolean', 'integer', 'number']);

/** Braces included; no blanks. */
export function bareSpelling(notation: BareNotation): Spelling {
  const mark = markNode(notation.mark);
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
        optional(separated(sequence(openKey([], notInKeys), text(':'), anyValue), comma)),
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
    quoted: (content) => sequence(mark, content, mark),
    words: (values) => {
      const written = raw.words(values);
      return written && sequence(mark, written);
    },
    copying: raw.copying,
    object: (members) => sequence(text('{'), members, text('}')),
    memberSeparator: comma,
    member: (name) =>
      name === '' || noKey.test(name) || !name.isWellFormed()
        ? undefined
        : { before: text(`${name}:`), value: spelling },
    otherMember: (names) => ({ before: sequence(openKey(names, notInKeys), text(':')), value: spelling }),
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
