/** Reads the notation of a call's arguments from a format file. */

import type { Field } from '../base/decode.ts';
import type { Notation, NotationOf, Spacing, TypeMark } from '../grammar/notation.ts';
import { closed, filled, pair, textOr, wordOr } from './load-format-fields.ts';

const readers: { readonly [K in Notation['kind']]: (field: Field) => NotationOf<K> } = {
  json: (field) => ({ kind: 'json', spacing: readSpacing(closed(field, ['spacing']).get('spacing')) }),
  python: (field) => ({ kind: 'python', quote: wordOr(closed(field, ['quote']).get('quote'), ['"', "'"]) }),
  bare: (field) => ({
    kind: 'bare',
    mark: filled(closed(field, ['mark', 'marked']).get('mark')),
    marked: wordOr(field.get('marked'), ['strings', 'scalars']),
  }),
  tagged: readTagged,
  nested: readNested,
};

/** The notation here: an object with its `kind`. */
export function readNotationField(field: Field): Notation {
  const kinds = Object.keys(readers).filter(isNotationKind);
  return readers[field.get('kind').oneOf(kinds)](field);
}

/** Python's blanks after `,` and `:`, or none. */
export function readSpacing(field: Field): Spacing {
  return wordOr(field, ['spaced', 'compact']);
}

function readTagged(field: Field): NotationOf<'tagged'> {
  closed(field, ['open', 'middle', 'close', 'separator', 'pad', 'type', 'escapes', 'spacing']);
  const type = field.get('type').optional(readTypeMark);
  return {
    kind: 'tagged',
    open: filled(field.get('open')),
    middle: filled(field.get('middle')),
    close: filled(field.get('close')),
    separator: textOr(field.get('separator')),
    pad: wordOr(field.get('pad'), ['', '\n']),
    ...(type && { type }),
    escapes: wordOr(field.get('escapes'), ['none', 'xml']),
    spacing: readSpacing(field.get('spacing')),
  };
}

function readTypeMark(field: Field): TypeMark {
  closed(field, ['open', 'words']);
  return { open: filled(field.get('open')), words: field.get('words').oneOf(['flag', 'type']) };
}

function readNested(field: Field): NotationOf<'nested'> {
  closed(field, ['start', 'end', 'item', 'separator', 'escapes']);
  const item = field.get('item').optional(filled);
  return {
    kind: 'nested',
    start: field.get('start').optional(pair) ?? ['<', '>'],
    end: field.get('end').optional(pair) ?? ['</', '>'],
    ...(item !== undefined && { item }),
    separator: textOr(field.get('separator')),
    escapes: wordOr(field.get('escapes'), ['none', 'xml']),
  };
}

function isNotationKind(text: string): text is Notation['kind'] {
  return Object.hasOwn(readers, text);
}
