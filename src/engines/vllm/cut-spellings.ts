/** Cuts a prompt where strangers spell added tokens, so that no part holds such a spelling any more. */

import { type Prompt, promptText } from '../../chat/prompt.ts';

/** A prompt's text in parts that must be tokenised apart; most prompts have one. */
export interface CutPrompt {
  readonly parts: readonly string[];
  /** Spellings that are meant as tokens. */
  readonly meant: ReadonlySet<string>;
}

/** Makes the function that cuts; a spelling of one character cannot be cut and stays what it is. */
export function createCutter(spellings: readonly string[]): (prompt: Prompt) => CutPrompt {
  const pattern = spellingPattern(spellings);
  return (prompt) => {
    const text = promptText(prompt);
    const meant = new Set<string>();
    if (pattern === undefined) return { parts: [text], meant };
    const ranges = untrustedRanges(prompt);
    const cuts = new Set<number>();
    let range = 0;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      const start = match.index;
      while ((ranges[range]?.end ?? Number.POSITIVE_INFINITY) <= start) range++;
      const untrusted = ranges[range]?.start ?? text.length;
      if (untrusted >= start + match[0].length) meant.add(match[0]);
      else cuts.add(untrusted > start ? untrusted : afterFirst(text, start));
      pattern.lastIndex = start + 1;
    }
    return { parts: split(text, cuts), meant };
  };
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function untrustedRanges(prompt: Prompt): readonly Range[] {
  const ranges: Range[] = [];
  let at = 0;
  for (const { text, trusted } of prompt) {
    if (!trusted && text !== '') ranges.push({ start: at, end: at + text.length });
    at += text.length;
  }
  return ranges;
}

/** Longer spellings first. */
function spellingPattern(spellings: readonly string[]): RegExp | undefined {
  const telling = spellings.filter((spelling) => [...spelling].length > 1);
  if (telling.length === 0) return undefined;
  const sorted = [...new Set(telling)].sort().reverse();
  return new RegExp(sorted.map((spelling) => spelling.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'g');
}

/** The index after the code point at `at`. */
function afterFirst(text: string, at: number): number {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}

function split(text: string, cuts: ReadonlySet<number>): readonly string[] {
  const edges = [...cuts].sort((a, b) => a - b);
  return [...edges, text.length].map((end, index) => text.slice(edges[index - 1] ?? 0, end));
}
