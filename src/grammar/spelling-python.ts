/** Arguments spelled as Python's: keyword arguments whose values are literals. */

import {
  type CodePointRange,
  choice,
  type GrammarNode,
  notSet,
  optional,
  repeat,
  rule,
  sequence,
  set,
  text,
  words,
} from './grammar.ts';
import { colon, comma, hexDigit, jsonNumber, separated } from './json-text.ts';
import { type Characters, jsonCharacters, singleQuotedCharacters } from './notation-characters.ts';
import { blanks, openKey } from './notation-keys.ts';
import { type LengthBounds, objectsOnly, type Spelling } from './spelling.ts';

const quotes = ['"', "'"] as const;
type Quote = (typeof quotes)[number];

const control: CodePointRange = [0, 0x1f];
const backslash: CodePointRange = [0x5c, 0x5c];

const quoteRange = (quote: Quote): CodePointRange => [quote.charCodeAt(0), quote.charCodeAt(0)];

/** What Python and JSON both mean the same by; halves of surrogate pairs are code points of their own in Python. */
const pythonEscape = sequence(
  text('\\'),
  choice(
    words(['\\', "'", '"', 'n', 't', 'r']),
    sequence(
      text('u'),
      choice(
        sequence(set([0x30, 0x39], [0x41, 0x43], [0x45, 0x46], [0x61, 0x63], [0x65, 0x66]), repeat(hexDigit, 3, 3)),
        sequence(set([0x44, 0x44], [0x64, 0x64]), set([0x30, 0x37]), repeat(hexDigit, 2, 2)),
      ),
    ),
  ),
);

const characters: Readonly<Record<Quote, GrammarNode>> = {
  '"': choice(notSet(control, quoteRange('"'), backslash), pythonEscape),
  "'": choice(notSet(control, quoteRange("'"), backslash), pythonEscape),
};

const charactersIn: Readonly<Record<Quote, Characters>> = { '"': jsonCharacters, "'": singleQuotedCharacters };

function inQuotes(content: (quote: Quote) => GrammarNode): GrammarNode {
  return choice(...quotes.map((quote) => sequence(text(quote), content(quote), text(quote))));
}

function pythonString({ min, max }: LengthBounds): GrammarNode {
  return inQuotes((quote) => repeat(characters[quote], min ?? 0, max));
}

/** The strings in either quotes; half surrogate pairs cannot be written. */
function pythonWords(values: readonly string[]): GrammarNode | undefined {
  const written = values.filter((value) => value.isWellFormed());
  if (written.length === 0) return undefined;
  return words(quotes.flatMap((quote) => written.map((value) => quoted(value, quote))));
}

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

function quoted(value: string, quote: Quote): string {
  const content = value.replace(/[\u0000-\u001f\\"']/g, (character) => {
    if (character === '"' || character === "'") return character === quote ? `\\${character}` : character;
    return named[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return quote + content + quote;
}

/** A key in quotes that is none of these; without escapes. */
function otherKey(names: readonly string[]): GrammarNode {
  return inQuotes((quote) => openKey(names, [control, quoteRange(quote), backslash]));
}

const anyValue = rule('python-value');
const anyDict = rule('python-dict');
const anyList = rule('python-list');
const anyString = pythonString({});
const booleans = words(['True', 'False']);

/** A literal. */
const literalSpelling: Spelling = {
  rules: {
    'python-value': choice(anyDict, anyList, anyString, jsonNumber, booleans, text('None')),
    'python-dict': sequence(text('{'), optional(separated(sequence(anyString, colon, anyValue), comma)), text('}')),
    'python-list': sequence(text('['), optional(separated(anyValue, comma)), text(']')),
  },
  onlyObjects: false,
  anyValue,
  anyObject: anyDict,
  anyArray: anyList,
  null: text('None'),
  boolean: (values) => (values.length === 2 ? booleans : words(values.map((value) => (value ? 'True' : 'False')))),
  number: (node) => node,
  string: pythonString,
  boundsStrings: true,
  likeStrings: new Set(),
  quoted: (content) => inQuotes((quote) => content(charactersIn[quote])),
  words: pythonWords,
  copying: { characters: jsonCharacters, without: [] },
  object: (members) => sequence(text('{'), members, text('}')),
  memberSeparator: comma,
  member: (name) => {
    const key = pythonWords([name]);
    return key && { before: sequence(key, colon), value: literalSpelling };
  },
  otherMember: (names) => ({
    before: sequence(names.length === 0 ? anyString : otherKey(names), colon),
    value: literalSpelling,
  }),
  keyedMember: (content) => ({
    before: sequence(
      inQuotes((quote) => content(charactersIn[quote])),
      colon,
    ),
    value: literalSpelling,
  }),
  array: (items) => sequence(text('['), items, text(']')),
  itemSeparator: comma,
  fewestItems: 0,
  get map() {
    return literalSpelling;
  },
  get item() {
    return literalSpelling;
  },
};

/** What ends a keyword, or may not stand in one. */
const keywordEnds = '=,()\'"[]{}:#';
const notInKeywords: readonly CodePointRange[] = [
  ...[...keywordEnds].map((letter): CodePointRange => [letter.charCodeAt(0), letter.charCodeAt(0)]),
  ...blanks,
];

function isKeyword(name: string): boolean {
  return (
    name !== '' &&
    name.isWellFormed() &&
    ![...name].some((letter) => keywordEnds.includes(letter) || /\s/u.test(letter))
  );
}

/** `city="Oslo", days=3`: no blanks but one after each comma. */
export const pythonSpelling: Spelling = {
  ...objectsOnly(literalSpelling),
  get map() {
    return pythonSpelling;
  },
  anyValue: rule('python-keywords'),
  anyObject: rule('python-keywords'),
  rules: {
    ...literalSpelling.rules,
    'python-keywords': optional(separated(sequence(openKey([], notInKeywords), text('='), anyValue), comma)),
  },
  object: (members) => members,
  member: (name) => (isKeyword(name) ? { before: text(`${name}=`), value: literalSpelling } : undefined),
  otherMember: (names) => ({
    before: sequence(openKey(names, notInKeywords), text('=')),
    value: literalSpelling,
  }),
};
