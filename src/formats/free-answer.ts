/** The grammar of an answer in free text: calls, marks around the text, and reasoning may begin in it. */

import { afterText } from '../grammar/derivative.ts';
import {
  choice,
  free,
  freeAfterStart,
  type Grammar,
  type GrammarNode,
  type GrammarOpening,
  repeat,
  rule,
  sequence,
  set,
} from '../grammar/grammar.ts';
import { markPieces, markRest } from '../grammar/notation-mark.ts';

/** How a format delimits its reasoning. */
export interface ReasoningMarks {
  readonly open: string;
  readonly close: string;
  /** Does a call inside it end it, or is it text like the rest? */
  readonly calls?: 'text' | 'end';
  /** May it stand anywhere in the answer, and more than once? Else only at its beginning. */
  readonly isAnywhere?: boolean;
}

/** Marks around visible text, for models whose plain answers stand between two; they are not shown. */
export interface ReplyMarks {
  readonly open: string;
  readonly close: string;
}

/** What may stand in free text. */
export interface FreeParts {
  readonly reply?: ReplyMarks;
  readonly reasoning?: ReasoningMarks;
  /** May calls stand at the answer's beginning only? */
  readonly isAnchored?: boolean;
}

type Rules = Grammar['rules'];

/** Line breaks behind reasoning. */
export const lineBreaks: GrammarNode = repeat(set([0x0a, 0x0a]), 0, 4);

const textRule = rule('free-text');
const replyRule = rule('free-reply');
const thoughtRule = rule('free-thought');

/** Free text with these openings of calls, and the rules it needs. */
export function freeAnswer(parts: FreeParts, calls: readonly GrammarOpening[]): { node: GrammarNode; rules: Rules } {
  const { reply, reasoning, isAnchored } = parts;
  const isRepeated = reasoning?.isAnywhere === true;
  const plain = isAnchored === true ? freeAfterStart : free;
  if (reply === undefined && !isRepeated) return { node: plain(...merged(calls)), rules: {} };
  const openings = [...calls, ...(isRepeated ? markOpenings(reasoning.open, thoughtRule) : [])];
  const replies = reply === undefined ? [] : markOpenings(reply.open, replyRule);
  const closes = reply === undefined ? [] : markOpenings(reply.close, textRule);
  const rules: Record<string, GrammarNode> = {
    'free-text': plain(...merged([...openings, ...replies, ...closes])),
    'free-reply': plain(...merged([...openings, ...closes])),
  };
  if (isRepeated) rules['free-thought'] = thought(reasoning, sequence(lineBreaks, textRule), calls);
  return { node: textRule, rules };
}

/** Reasoning, which need not be closed: before free text nothing is promised that could be missed. */
export function thought(
  { close, calls: inside }: ReasoningMarks,
  then: GrammarNode,
  calls: readonly GrammarOpening[],
): GrammarNode {
  const closings = [{ opening: { text: close }, then }, ...markOpenings(close, then)];
  return free(...merged([...closings, ...(inside === 'end' ? calls : [])]));
}

/** What is left of an answer of which the template has written a beginning, perhaps as special tokens. */
export function afterTail(grammar: Grammar, tail: string): GrammarNode {
  const { root, rules } = grammar;
  if (tail === '') return root;
  const node = root.kind === 'rule' ? rules[root.name] : root;
  const inLetters = afterText(grammar, tail);
  if (node?.kind !== 'free') return inLetters;
  const asTokens = node.openings.flatMap(({ opening, then }) => {
    if (!('special' in opening) || !tail.startsWith(opening.special)) return [];
    return [afterText({ root: then, rules }, tail.slice(opening.special.length))];
  });
  return choice(inLetters, ...asTokens);
}

/** The special tokens that may stand in a mark, each with what is left of it. */
function markOpenings(mark: string, then: GrammarNode): GrammarOpening[] {
  const pieces = markPieces(mark);
  const restAt = markRest(mark, pieces);
  return pieces.map(({ from, to }) => ({
    opening: { special: mark.slice(from, to) },
    then: sequence(restAt(to), then),
  }));
}

/** One opening for each special token, for several things may begin with the same. */
function merged(openings: readonly GrammarOpening[]): GrammarOpening[] {
  const bySpecial = new Map<string, GrammarNode[]>();
  for (const { opening, then } of openings)
    if ('special' in opening) bySpecial.set(opening.special, [...(bySpecial.get(opening.special) ?? []), then]);
  return [
    ...openings.filter(({ opening }) => 'text' in opening),
    ...[...bySpecial].map(([special, ways]) => ({ opening: { special }, then: choice(...ways) })),
  ];
}
