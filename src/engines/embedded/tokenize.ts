/** A prompt as token ids: trusted text may contain special tokens, untrusted text is letters whatever it spells. */

import type { Prompt } from '../../chat/prompt.ts';

/** What tokenising needs of a model. */
export interface Tokenizer {
  encode(text: string, parseSpecial: boolean): Int32Array;
  /** The token every prompt must begin with, if the model wants one. */
  readonly bos: number | undefined;
  /** Does the tokenizer put a blank before each text? */
  readonly prefixesBlank: boolean;
  /** Spellings that become a token of their own wherever they stand. */
  readonly spellings: readonly string[];
}

/** Makes the function that turns prompts into token ids. */
export function createTokenize(tokenizer: Tokenizer): (prompt: Prompt) => Int32Array {
  const pattern = spellingPattern(tokenizer.spellings);
  return (prompt) => {
    const text = prompt.map((segment) => segment.text).join('');
    const parts = cut(text, cutPoints(text, untrustedRanges(prompt), pattern));
    const lists = parts.map((part, index) =>
      index === 0 || !tokenizer.prefixesBlank ? tokenizer.encode(part, true) : encodeInside(tokenizer, part),
    );
    const { bos } = tokenizer;
    if (bos !== undefined && lists[0]?.[0] !== bos) lists.unshift(Int32Array.of(bos));
    return concatenate(lists);
  };
}

type Range = readonly [start: number, end: number];

function untrustedRanges(prompt: Prompt): readonly Range[] {
  const ranges: Range[] = [];
  let at = 0;
  for (const { text, trusted } of prompt) {
    if (!trusted && text !== '') ranges.push([at, at + text.length]);
    at += text.length;
  }
  return ranges;
}

/** Longer spellings first; blank ones and single characters are letters in any case. */
function spellingPattern(spellings: readonly string[]): RegExp | undefined {
  const telling = spellings.filter((spelling) => [...spelling].length > 1 && /[^\s▁]/.test(spelling));
  if (telling.length === 0) return undefined;
  const sorted = [...new Set(telling)].sort().reverse();
  return new RegExp(sorted.map((spelling) => spelling.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'g');
}

/**
 * Where the text must be cut so that no spelling that touches untrusted text stays whole. Cuts lie inside or at the
 * edge of untrusted text; the parts are otherwise tokenised as the one text that they are.
 */
function cutPoints(text: string, ranges: readonly Range[], pattern: RegExp | undefined): readonly number[] {
  const points: number[] = [];
  if (pattern === undefined || ranges.length === 0) return points;
  let range = 0;
  pattern.lastIndex = 0;
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    const start = found.index;
    const end = start + found[0].length;
    pattern.lastIndex = start + 1;
    while ((ranges[range]?.[1] ?? Number.POSITIVE_INFINITY) <= start) range++;
    const first = ranges[range];
    if (first === undefined) break;
    if (first[0] < end) points.push(afterFirst(text, Math.max(start, first[0] - 1)));
  }
  return points;
}

/** The index after the code point at `at`. */
function afterFirst(text: string, at: number): number {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}

function cut(text: string, points: readonly number[]): readonly string[] {
  const edges = [0, ...new Set(points), text.length];
  return edges.slice(1).map((end, index) => text.slice(edges[index], end));
}

/** Tokens of text that stands inside another, without the blank that the tokenizer puts in front. */
function encodeInside(tokenizer: Tokenizer, text: string): Int32Array {
  const lead = tokenizer.encode('\n', false);
  const whole = tokenizer.encode(`\n${text}`, true);
  return lead.every((token, index) => whole[index] === token)
    ? whole.subarray(lead.length)
    : tokenizer.encode(text, true);
}

function concatenate(lists: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(lists.reduce((total, list) => total + list.length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}
