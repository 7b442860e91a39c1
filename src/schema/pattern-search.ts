/** Looks for a pattern in one text, all its ways at once: costs nothing to prepare, and a text's length times its steps. */

import type { CodePoints } from './code-points.ts';
import { leadingLooks, type PatternSteps, stepsOf } from './pattern-steps.ts';
import type { Pattern } from './pattern-syntax.ts';

/** A pattern to be looked for. */
export interface PatternSearch {
  /** How much is looked at for each letter, at most. */
  readonly size: number;
  matches(text: string): boolean;
}

/** Undefined for patterns too large, and for look-ahead elsewhere than in front. */
export function searchFor(pattern: Pattern): PatternSearch | undefined {
  const { looks, rest } = leadingLooks(pattern);
  const demands = [{ steps: stepsOf(rest), isWanted: true }];
  for (const { item, negated } of looks)
    demands.push({ steps: stepsOf({ kind: 'sequence', items: [{ kind: 'start' }, item] }), isWanted: !negated });
  const whole = demands.flatMap(({ steps, isWanted }) => (steps === undefined ? [] : [{ steps, isWanted }]));
  if (whole.length < demands.length) return undefined;
  return {
    size: whole.reduce((sum, { steps }) => sum + steps.list.length, 0),
    // As in automata, half a surrogate pair is nothing that a pattern could stand for.
    matches: (text) => text.isWellFormed() && whole.every(({ steps, isWanted }) => isFound(steps, text) === isWanted),
  };
}

/** The steps before which one text may stand. */
function isFound({ list, start }: PatternSteps, text: string): boolean {
  let at = new Set([start]);
  let isStart = true;
  let left = text.length;
  const reach = (atEnd: boolean): boolean => {
    // A set that grows while it is walked: each step is met once.
    for (const index of at) {
      const step = list[index];
      if (step?.kind === 'found') return true;
      if (step?.kind === 'fork') for (const next of step.next) at.add(next);
      if ((step?.kind === 'start' && isStart) || (step?.kind === 'end' && atEnd)) at.add(step.next);
    }
    return false;
  };
  for (const letter of text) {
    if (reach(false)) return true;
    const point = letter.codePointAt(0) ?? 0;
    const next = new Set<number>();
    for (const index of at) {
      const step = list[index];
      if (step?.kind === 'read' && holds(step.set, point)) next.add(step.next);
    }
    at = next;
    isStart = false;
    left -= letter.length;
  }
  return reach(left === 0);
}

function holds(set: CodePoints, point: number): boolean {
  let [low, high] = [0, set.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = set[middle] ?? [0, 0];
    if (point < from) high = middle - 1;
    else if (point > to) low = middle + 1;
    else return true;
  }
  return false;
}
