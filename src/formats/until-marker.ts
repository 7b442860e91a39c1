/** The grammar of any text up to and including a marker, for where an answer must not end before it. */

import { choice, type GrammarNode, notSet, rule, sequence, set, special } from '../grammar/grammar.ts';

/** One rule for each letter of the marker that has been written: Knuth, Morris and Pratt's automaton as a grammar. */
export function untilMarker(
  marker: string,
  rulePrefix: string,
): { node: GrammarNode; rules: Record<string, GrammarNode> } {
  const letters = [...marker];
  const alphabet = [...new Set(letters)];
  const points = alphabet.map((letter) => letter.codePointAt(0) ?? 0);
  const foreign = notSet(...points.map((point) => [point, point] as const));
  const state = (written: number): GrammarNode => rule(`${rulePrefix}${written}`);
  const rules: Record<string, GrammarNode> = { [`${rulePrefix}${letters.length}`]: sequence() };
  for (let written = 0; written < letters.length; written++) {
    const steps = points.map((point, index) => {
      const text = [...letters.slice(0, written), alphabet[index] ?? ''];
      return sequence(set([point, point]), state(longestBeginning(text, letters)));
    });
    rules[`${rulePrefix}${written}`] = choice(...steps, sequence(foreign, state(0)), special(marker));
  }
  return { node: state(0), rules };
}

/** How much of the marker the text ends with. */
function longestBeginning(text: readonly string[], marker: readonly string[]): number {
  let length = Math.min(text.length, marker.length);
  while (length > 0 && !text.slice(-length).every((letter, index) => letter === marker[index])) length--;
  return length;
}
