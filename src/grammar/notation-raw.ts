/** Strings that stand as they are, up to a mark. */

import { choice, type GrammarNode, notSet, repeat, sequence, text, words } from './grammar.ts';
import { entities, rawCharacters, xmlCharacters, xmlSpellings } from './notation-characters.ts';
import { markNode } from './notation-mark.ts';
import { type EndMark, textUntil } from './notation-text.ts';
import type { Copying } from './spelling.ts';

/** Ways to write what stands before a mark, the mark included. */
export interface RawText {
  readonly rules: Readonly<Record<string, GrammarNode>>;
  /** Any text. */
  readonly any: GrammarNode;
  /** One of these; undefined if none of them can be written. */
  words(values: readonly string[]): GrammarNode | undefined;
  /** Pad and mark alone. */
  readonly end: GrammarNode;
  readonly copying: Copying;
}

/** Texts before this mark. */
export function rawText(end: EndMark, escapes: 'none' | 'xml', rulePrefix: string): RawText {
  const mark = markNode(end.mark, end.pieces);
  const endNode = end.pad === '' ? mark : sequence(text(end.pad), mark);
  const followed = (spelled: readonly string[]): GrammarNode | undefined =>
    spelled.length === 0 ? undefined : sequence(words(spelled), endNode);
  if (escapes === 'xml') {
    const first = end.mark.codePointAt(0) ?? 0;
    const plain = notSet([0x26, 0x26], [0x3c, 0x3c], [first, first]);
    const escaped = (values: readonly string[]): readonly string[] => values.flatMap(xmlSpellings);
    return {
      rules: {},
      any: sequence(repeat(choice(plain, words(Object.values(entities))), 0), endNode),
      words: (values) => followed(escaped(values).filter((value) => isBefore(value, end))),
      end: endNode,
      copying: { characters: xmlCharacters, without: ['<', '&', String.fromCodePoint(first)] },
    };
  }
  const { node, rules } = textUntil(end, rulePrefix);
  return {
    rules,
    any: node,
    words: (values) => followed(values.filter((value) => isBefore(value, end))),
    end: endNode,
    copying: { characters: rawCharacters, without: [isFoundOnce(end) ? end.mark : (end.mark[0] ?? '')] },
  };
}

/** Does the mark stand first where it ends this text? */
function isBefore(value: string, { pad, mark }: EndMark): boolean {
  return value.isWellFormed() && (value + pad + mark).indexOf(mark) === value.length + pad.length;
}

/** Can the end of a text that does not hold the mark never make one together with the mark's beginning? */
function isFoundOnce({ pad, mark }: EndMark): boolean {
  if (pad !== '' && mark.includes(pad)) return false;
  for (let length = 1; length < mark.length; length++) if (mark.startsWith(mark.slice(length))) return false;
  return true;
}
