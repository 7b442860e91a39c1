/** A pattern as numbered steps, its repeats written out: what the automaton is built from, and what a text is run through. */

import { anyCodePoint, type CodePoints } from './code-points.ts';
import type { Pattern } from './pattern-syntax.ts';

/** A part of the pattern, numbered: reads one code point of a set, or leads on without reading. */
export type Step =
  | { readonly kind: 'read'; readonly set: CodePoints; next: number }
  | { readonly kind: 'fork'; readonly next: number[] }
  | { readonly kind: 'start' | 'end'; next: number }
  | { readonly kind: 'found' };

/** Steps of one pattern, its repeats written out. */
const maxSteps = 20_000;
/** A pattern's steps, and where they begin. */
export interface PatternSteps {
  readonly list: readonly Step[];
  readonly start: number;
}

/** The steps of a pattern that may be found anywhere; undefined beyond the limits, and for look-ahead. */
export function stepsOf(pattern: Pattern): PatternSteps | undefined {
  const steps = new Steps();
  const found = steps.add({ kind: 'found' });
  const inner = steps.pattern(pattern, found);
  if (inner === undefined) return undefined;
  const start = steps.add({ kind: 'fork', next: [inner] });
  const before = steps.add({ kind: 'read', set: anyCodePoint, next: start });
  const fork = steps.list[start];
  if (fork?.kind === 'fork') fork.next.push(before);
  return { list: steps.list, start };
}

/** Look-ahead right behind `^` speaks of the whole text, so it can be held apart from what it looks at. */
export function leadingLooks(pattern: Pattern): { looks: (Pattern & { kind: 'look' })[]; rest: Pattern } {
  const items = pattern.kind === 'sequence' ? pattern.items : [pattern];
  const looks: (Pattern & { kind: 'look' })[] = [];
  if (items[0]?.kind !== 'start') return { looks, rest: pattern };
  let at = 1;
  for (let item = items[at]; item?.kind === 'look'; item = items[++at]) looks.push(item);
  return { looks, rest: { kind: 'sequence', items: [{ kind: 'start' }, ...items.slice(at)] } };
}

class Steps {
  readonly list: Step[] = [];

  add(step: Step): number {
    return this.list.push(step) - 1;
  }

  /** The number at which the pattern begins, if `next` follows it; undefined if there are too many steps. */
  pattern(pattern: Pattern, next: number): number | undefined {
    if (this.list.length > maxSteps) return undefined;
    switch (pattern.kind) {
      case 'set':
        return this.add({ kind: 'read', set: pattern.set, next });
      case 'start':
      case 'end':
        return this.add({ kind: pattern.kind, next });
      case 'look':
        return undefined;
      case 'sequence':
        return pattern.items.reduceRight<number | undefined>(
          (at, item) => (at === undefined ? undefined : this.pattern(item, at)),
          next,
        );
      case 'choice':
        return this.#fork(pattern.items.map((item) => this.pattern(item, next)));
      case 'repeat':
        return this.#repeat(pattern, next);
    }
  }

  #fork(starts: readonly (number | undefined)[]): number | undefined {
    const next = starts.filter((start) => start !== undefined);
    return next.length < starts.length ? undefined : this.add({ kind: 'fork', next });
  }

  #repeat({ item, min, max }: Pattern & { kind: 'repeat' }, next: number): number | undefined {
    if (min > maxSteps || (max !== Infinity && max > maxSteps)) return undefined;
    let at: number | undefined = next;
    if (max === Infinity) {
      const loop: Step = { kind: 'fork', next: [next] };
      at = this.add(loop);
      const again = this.pattern(item, at);
      if (again === undefined) return undefined;
      loop.next.unshift(again);
    }
    for (let round = max === Infinity ? min : max; round > 0 && at !== undefined; round--) {
      const once: number | undefined = this.pattern(item, at);
      at = once === undefined || round <= min ? once : this.#fork([once, next]);
    }
    return at;
  }
}
