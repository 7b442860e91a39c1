/** Cuts a prompt into texts for a tokenizer, so that untrusted text stays letters whatever it spells. */

import type { Prompt } from '../chat/prompt.ts';

/** What is spelled in a model's texts as tokens of their own. */
export interface Spellings {
  readonly controls: readonly string[];
  /** Tokenizers recognise these in any text. */
  readonly userDefined: readonly string[];
}

/** Text for one call of a tokenizer. */
export interface PromptPart {
  readonly text: string;
  /** May control tokens be recognised in it? */
  readonly parseSpecial: boolean;
}

/**
 * llama.cpp's tokenizers recurse once a character in places: a single word of 16,000 letters can overflow a stack.
 * Longer texts are handed over in parts of at most this many UTF-16 units.
 */
const longestPart = 8192;

/** Makes the function that cuts prompts; its parts, one behind the other, are the prompt's text. */
export function createPartition({ controls, userDefined }: Spellings): (prompt: Prompt) => readonly PromptPart[] {
  const patterns = {
    any: spellingPattern([...controls, ...userDefined], 'g'),
    userDefined: spellingPattern(userDefined, 'y'),
  };
  return (prompt) => {
    const text = prompt.map((segment) => segment.text).join('');
    return split(text, findSpellings(text, untrustedRanges(prompt), patterns));
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

interface Patterns {
  readonly any: RegExp | undefined;
  readonly userDefined: RegExp | undefined;
}

/** Longer spellings first; blank ones and single characters are letters in any case. */
function spellingPattern(spellings: readonly string[], flag: 'g' | 'y'): RegExp | undefined {
  const telling = spellings.filter((spelling) => [...spelling].length > 1 && /[^\s▁]/.test(spelling));
  if (telling.length === 0) return undefined;
  const sorted = [...new Set(telling)].sort().reverse();
  return new RegExp(sorted.map((spelling) => spelling.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), flag);
}

/** What to do about the spellings in a text. */
interface Found {
  /** Untrusted ranges in or at which something is spelled: tokenised apart, without control tokens. */
  readonly plain: ReadonlySet<Range>;
  /** Where user-defined spellings in untrusted text must be broken. */
  readonly cuts: readonly number[];
  /** Spellings in trusted text: they may not be cut. */
  readonly whole: readonly Range[];
}

/** Of each untrusted text the spellings are looked for; they may begin before it or end behind it. */
function findSpellings(text: string, ranges: readonly Range[], patterns: Patterns): Found {
  const plain = new Set<Range>();
  const cuts: number[] = [];
  const whole: Range[] = [];
  const found = { plain, cuts, whole };
  const { any, userDefined } = patterns;
  let range = 0;
  if (any === undefined) return found;
  any.lastIndex = 0;
  for (let match = any.exec(text); match !== null; match = any.exec(text)) {
    const start = match.index;
    const end = start + match[0].length;
    any.lastIndex = start + 1;
    while ((ranges[range]?.[1] ?? Number.POSITIVE_INFINITY) <= start) range++;
    const untrusted = ranges[range]?.[0] ?? text.length;
    if (untrusted >= end) whole.push([start, end]);
    for (let at = range; (ranges[at]?.[0] ?? text.length) < end; at++) plain.add(ranges[at] ?? [0, 0]);
    if (untrusted < end && startsAt(userDefined, text, start))
      cuts.push(afterFirst(text, Math.max(start, untrusted - 1)));
  }
  return found;
}

function startsAt(pattern: RegExp | undefined, text: string, at: number): boolean {
  if (pattern === undefined) return false;
  pattern.lastIndex = at;
  return pattern.test(text);
}

/** The index after the code point at `at`. */
function afterFirst(text: string, at: number): number {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}

/** The parts of a text: cut where it must be, and where it is too long. */
function split(text: string, { plain, cuts, whole }: Found): readonly PromptPart[] {
  const edges = new Set([...cuts, ...[...plain].flat(), text.length].sort((a, b) => a - b));
  const plainStarts = new Map([...plain]);
  const parts: PromptPart[] = [];
  let start = 0;
  let plainEnd = 0;
  for (const end of edges) {
    plainEnd = plainStarts.get(start) ?? plainEnd;
    const parseSpecial = start >= plainEnd;
    for (const piece of shorten(text, [start, end], whole)) parts.push({ text: piece, parseSpecial });
    start = end;
  }
  return parts;
}

function shorten(text: string, [from, to]: Range, whole: readonly Range[]): readonly string[] {
  const pieces: string[] = [];
  let start = from;
  while (to - start > longestPart) {
    const rest = restingPoint(text, start, start + longestPart);
    const guard = whole[firstEndingAfter(whole, rest)]?.[0] ?? rest;
    const at = guard > start && guard < rest ? guard : rest;
    pieces.push(text.slice(start, at));
    start = at;
  }
  return start === to ? pieces : [...pieces, text.slice(start, to)];
}

/** By bisection: the index of the first range that ends after `at`. */
function firstEndingAfter(ranges: readonly Range[], at: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.[1] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

const betweenWords = /^[\p{L}\p{N}] \p{L}$/u;

/** The last blank between two words, where every tokenizer begins a new token; without one, the most that is allowed. */
function restingPoint(text: string, start: number, most: number): number {
  for (let at = most; at > start + longestPart / 2; at--)
    if (text[at] === ' ' && betweenWords.test(text.slice(at - 1, at + 2))) return at;
  return (text.codePointAt(most - 1) ?? 0) > 0xffff ? most - 1 : most;
}
