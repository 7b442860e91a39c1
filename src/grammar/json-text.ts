/** Grammar of JSON text itself: strings, numbers, any value; shared by all that write JSON. */

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

/** After a comma and after a colon: one blank at most, no other white space anywhere. */
export const comma: GrammarNode = sequence(text(','), optional(text(' ')));
/** See `comma`. */
export const colon: GrammarNode = sequence(text(':'), optional(text(' ')));

const digit: CodePointRange = [0x30, 0x39];
const lower: CodePointRange = [0x61, 0x66];
const upper: CodePointRange = [0x41, 0x46];

/** One decimal digit. */
export const anyDigit: GrammarNode = set(digit);
/** One hexadecimal digit. */
export const hexDigit: GrammarNode = set(digit, upper, lower);

/** Digits of a number are bounded, so that no model can count for ever; every double can be written. */
const maxDigits = 32;

/** A code point that needs no escape. */
export const plainCharacter: GrammarNode = notSet([0, 0x1f], [0x22, 0x22], [0x5c, 0x5c]);

/** Behind `\u`, from U+1000 on: four digits that are no surrogate, or both halves of a longer code point. */
const escapedHigh = choice(
  sequence(set([0x31, 0x39], [0x41, 0x43], [0x45, 0x46], [0x61, 0x63], [0x65, 0x66]), repeat(hexDigit, 3, 3)),
  sequence(set([0x44, 0x44], [0x64, 0x64]), set([0x30, 0x37]), repeat(hexDigit, 2, 2)),
  sequence(
    set([0x44, 0x44], [0x64, 0x64]),
    set([0x38, 0x39], [0x41, 0x42], [0x61, 0x62]),
    repeat(hexDigit, 2, 2),
    words(['\\ud', '\\uD']),
    set([0x43, 0x46], [0x63, 0x66]),
    repeat(hexDigit, 2, 2),
  ),
);
/** Behind `\u`: any code point. */
const escapedCodePoint = choice(sequence(text('0'), repeat(hexDigit, 3, 3)), escapedHigh);
/** Behind `\u`: any code point but those of ASCII. */
export const escapedBeyondAscii: GrammarNode = choice(
  sequence(text('00'), set([0x38, 0x39], upper, lower), hexDigit),
  sequence(text('0'), set([0x31, 0x39], upper, lower), repeat(hexDigit, 2, 2)),
  escapedHigh,
);

/** One code point inside a JSON string, in any spelling; never half a surrogate pair. */
export const stringCharacter: GrammarNode = choice(
  plainCharacter,
  sequence(text('\\'), choice(words(['"', '\\', '/', 'b', 'f', 'n', 'r', 't']), sequence(text('u'), escapedCodePoint))),
);

/** A JSON string whose length in code points is bounded. */
export function jsonString(length: { readonly min?: number; readonly max?: number } = {}): GrammarNode {
  return sequence(text('"'), repeat(stringCharacter, length.min ?? 0, length.max), text('"'));
}

const unsignedInteger = choice(text('0'), sequence(set([0x31, 0x39]), repeat(anyDigit, 0, maxDigits - 1)));
const fraction = sequence(text('.'), repeat(anyDigit, 1, maxDigits));
const exponent = sequence(words(['e', 'E', 'e+', 'E+', 'e-', 'E-']), repeat(anyDigit, 1, 3));

/** An integer, without exponent. */
export const jsonInteger: GrammarNode = sequence(optional(text('-')), unsignedInteger);
const jsonPositiveNumber = sequence(unsignedInteger, optional(fraction), optional(exponent));
/** Any JSON number. */
export const jsonNumber: GrammarNode = sequence(optional(text('-')), jsonPositiveNumber);
/** `true` or `false`. */
export const jsonBoolean: GrammarNode = words(['true', 'false']);
/** `null`. */
export const jsonNull: GrammarNode = text('null');

/** Any JSON value; needs `jsonValueRules` among the rules. */
export const jsonValue: GrammarNode = rule('json-value');
/** Any JSON object; needs `jsonValueRules`. */
export const jsonObject: GrammarNode = rule('json-object');
/** Any JSON array; needs `jsonValueRules`. */
export const jsonArray: GrammarNode = rule('json-array');

/** What `jsonValue`, `jsonObject` and `jsonArray` name. */
export const jsonValueRules: Readonly<Record<string, GrammarNode>> = {
  'json-value': choice(jsonObject, jsonArray, jsonString(), jsonNumber, jsonBoolean, jsonNull),
  'json-object': sequence(text('{'), optional(separated(sequence(jsonString(), colon, jsonValue), comma)), text('}')),
  'json-array': sequence(text('['), optional(separated(jsonValue, comma)), text(']')),
};

/** One or more items with separators between, at least `min` and at most `max`. */
export function separated(
  item: GrammarNode,
  separator: GrammarNode,
  { min = 1, max = Infinity }: { readonly min?: number; readonly max?: number } = {},
): GrammarNode {
  return sequence(
    item,
    repeat(sequence(separator, item), Math.max(0, min - 1), max === Infinity ? undefined : max - 1),
  );
}
