/** Builds the automaton of all texts in which a pattern is found, by the subset construction. */

import { anyCodePoint } from './code-points.ts';
import { leadingLooks, type Step, stepsOf } from './pattern-steps.ts';
import type { Pattern } from './pattern-syntax.ts';
import {
  type Edge,
  intersection,
  maxStates,
  opposite,
  type TextAutomaton,
  type TextState,
  trimmed,
} from './text-automaton.ts';

/** Steps looked at before the construction is given up. */
const maxWork = 400_000;
/** Patterns of the wild have about as many states as steps; one that has more than this is about to explode. */
const maxStatesOf = (steps: number): number => Math.min(maxStates, 100 + 2 * steps);

/** The texts in which the pattern is found; undefined if that takes too many states or cannot be decided. */
export function textsWith(pattern: Pattern): TextAutomaton | undefined {
  const { looks, rest } = leadingLooks(pattern);
  let found = buildAutomaton(rest);
  for (const { item, negated } of looks) {
    const seen = buildAutomaton({ kind: 'sequence', items: [{ kind: 'start' }, item] });
    if (found === undefined || seen === undefined) return undefined;
    found = intersection(found, negated ? opposite(seen) : seen);
  }
  return found;
}

/** Texts that do not hold `mark`. */
export function textsWithout(mark: string): TextAutomaton | undefined {
  const items = [...mark].map(
    (letter): Pattern => ({ kind: 'set', set: [[letter.codePointAt(0) ?? 0, letter.codePointAt(0) ?? 0]] }),
  );
  const found = buildAutomaton({ kind: 'sequence', items });
  return found === undefined ? undefined : opposite(found);
}

/** Undefined beyond the limits, and for look-ahead. */
function buildAutomaton(pattern: Pattern): TextAutomaton | undefined {
  const steps = stepsOf(pattern);
  return steps && new Construction(steps.list).from(steps.start);
}

class Construction {
  readonly #steps: readonly Step[];
  readonly #numbers = new Map<string, number>();
  /** By state: the steps at which it stands before anything that reads nothing. */
  readonly #cores: (readonly number[])[] = [];
  #work = 0;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  from(start: number): TextAutomaton | undefined {
    const states: TextState[] = [];
    const most = maxStatesOf(this.#steps.length);
    this.#cores.push([start]);
    for (let index = 0; index < this.#cores.length; index++) {
      if (index > most || this.#cores.length > 2 * most || this.#work > maxWork) return undefined;
      const core = this.#cores[index] ?? [];
      const at = this.#closure(core, { atStart: index === 0, atEnd: false });
      const isFound = at.some((step) => this.#steps[step]?.kind === 'found');
      const hasEnd = at.some((step) => this.#steps[step]?.kind === 'end');
      const mayEnd = isFound || (hasEnd && this.#endsAt(core, index === 0));
      states.push({ mayEnd, edges: isFound ? this.#anything() : this.#edges(at) });
    }
    return trimmed(states);
  }

  #endsAt(core: readonly number[], atStart: boolean): boolean {
    return this.#closure(core, { atStart, atEnd: true }).some((step) => this.#steps[step]?.kind === 'found');
  }

  /** All steps that are reached without reading. */
  #closure(core: readonly number[], { atStart, atEnd }: { atStart: boolean; atEnd: boolean }): number[] {
    const seen = new Set<number>(core);
    for (const index of seen) {
      this.#work++;
      const step = this.#steps[index];
      if (step?.kind === 'fork') for (const next of step.next) seen.add(next);
      if ((step?.kind === 'start' && atStart) || (step?.kind === 'end' && atEnd)) seen.add(step.next);
    }
    return [...seen];
  }

  /** What is found once stays found. */
  #anything(): Edge[] {
    const found = this.#steps.findIndex(({ kind }) => kind === 'found');
    const target = this.#state([found]);
    return anyCodePoint.map(([from, to]) => ({ from, to, target }));
  }

  #state(core: readonly number[]): number {
    const key = core.join();
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#cores.push(core) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }

  /** One sweep over all borders of the sets that may be read. */
  #edges(at: readonly number[]): Edge[] {
    const borders: { readonly point: number; readonly step: number; readonly opens: boolean }[] = [];
    for (const index of at) {
      const step = this.#steps[index];
      if (step?.kind !== 'read') continue;
      for (const [from, to] of step.set)
        borders.push({ point: from, step: step.next, opens: true }, { point: to + 1, step: step.next, opens: false });
    }
    this.#work += borders.length;
    borders.sort((a, b) => a.point - b.point);
    const open = new Map<number, number>();
    const out: Edge[] = [];
    borders.forEach(({ point, step, opens }, index) => {
      const count = (open.get(step) ?? 0) + (opens ? 1 : -1);
      if (count === 0) open.delete(step);
      else open.set(step, count);
      const next = borders[index + 1]?.point;
      if (next === undefined || next === point || open.size === 0) return;
      this.#work += open.size;
      out.push({ from: point, to: next - 1, target: this.#state([...open.keys()].sort((a, b) => a - b)) });
    });
    return out;
  }
}
