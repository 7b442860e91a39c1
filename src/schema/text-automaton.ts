/** Deterministic automata over code points: built from patterns, and joined as sets of texts are. */

import { anyCodePoint, type CodePoints, complement } from './code-points.ts';

/** On code points `from` to `to` go to state `to`. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly target: number;
}

/** A state: may a text end here, and what leads on; edges are sorted and disjoint, what has none is refused. */
export interface TextState {
  readonly mayEnd: boolean;
  readonly edges: readonly Edge[];
}

/** A set of texts; state 0 is the start. */
export interface TextAutomaton {
  readonly states: readonly TextState[];
}

/** Automata of more states are not built. */
export const maxStates = 3_000;

/** Texts of `min` to `max` code points; undefined if that takes too many states. */
export function textsOfLength(min: number, max: number): TextAutomaton | undefined {
  const last = max === Infinity ? min : max;
  if (last >= maxStates) return undefined;
  const states = Array.from({ length: last + 1 }, (_, length): TextState => {
    const target = length === last ? (max === Infinity ? length : -1) : length + 1;
    return { mayEnd: length >= min, edges: target === -1 ? [] : edgesOf(anyCodePoint, target) };
  });
  return { states };
}

function edgesOf(set: CodePoints, target: number): Edge[] {
  return set.map(([from, to]) => ({ from, to, target }));
}

/** Exactly these texts. */
export function textsAmong(texts: readonly string[]): TextAutomaton {
  const nodes: { mayEnd: boolean; next: Map<number, number> }[] = [{ mayEnd: false, next: new Map() }];
  for (const text of texts) {
    if (!text.isWellFormed()) continue;
    let at = 0;
    for (const letter of text) {
      const point = letter.codePointAt(0) ?? 0;
      let next = nodes[at]?.next.get(point);
      if (next === undefined) {
        next = nodes.push({ mayEnd: false, next: new Map() }) - 1;
        nodes[at]?.next.set(point, next);
      }
      at = next;
    }
    const last = nodes[at];
    if (last !== undefined) last.mayEnd = true;
  }
  return {
    states: nodes.map(({ mayEnd, next }) => ({
      mayEnd,
      edges: [...next].sort((a, b) => a[0] - b[0]).map(([point, target]) => ({ from: point, to: point, target })),
    })),
  };
}

/** Any text. */
export const allTexts: TextAutomaton = { states: [{ mayEnd: true, edges: edgesOf(anyCodePoint, 0) }] };

/** All other texts. */
export function opposite({ states }: TextAutomaton): TextAutomaton {
  const dead = states.length;
  const flipped = states.map(({ mayEnd, edges }): TextState => {
    const others = edgesOf(complement(edges.map(({ from, to }) => [from, to])), dead);
    return { mayEnd: !mayEnd, edges: [...edges, ...others].sort((a, b) => a.from - b.from) };
  });
  return trimmed([...flipped, { mayEnd: true, edges: edgesOf(anyCodePoint, dead) }]);
}

/** Texts in both; undefined if that takes too many states. */
export function intersection(a: TextAutomaton, b: TextAutomaton): TextAutomaton | undefined {
  if (a === allTexts) return b;
  if (b === allTexts) return a;
  const numbers = new Map<number, number>([[0, 0]]);
  const pairs: [number, number][] = [[0, 0]];
  const states: TextState[] = [];
  for (let index = 0; index < pairs.length; index++) {
    if (pairs.length > maxStates * 2) return undefined;
    const [left, right] = pairs[index] ?? [0, 0];
    const [one, other] = [a.states[left], b.states[right]];
    const edges = jointEdges(one?.edges ?? [], other?.edges ?? []).map(({ from, to, targets }) => {
      const key = targets[0] * b.states.length + targets[1];
      let target = numbers.get(key);
      if (target === undefined) {
        target = pairs.push(targets) - 1;
        numbers.set(key, target);
      }
      return { from, to, target };
    });
    states.push({ mayEnd: one?.mayEnd === true && other?.mayEnd === true, edges });
  }
  const out = trimmed(states);
  return out.states.length > maxStates ? undefined : out;
}

interface JointEdge {
  readonly from: number;
  readonly to: number;
  readonly targets: [number, number];
}

function jointEdges(left: readonly Edge[], right: readonly Edge[]): JointEdge[] {
  const out: JointEdge[] = [];
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    const [a, b] = [left[i], right[j]];
    if (a === undefined || b === undefined) break;
    const [from, to] = [Math.max(a.from, b.from), Math.min(a.to, b.to)];
    if (from <= to) out.push({ from, to, targets: [a.target, b.target] });
    if (a.to < b.to) i++;
    else j++;
  }
  return out;
}

/** Without states from which no text ends, and unreached ones; edges to one target that touch become one. */
export function trimmed(states: readonly TextState[]): TextAutomaton {
  const alive = aliveStates(states);
  const numbers = new Map<number, number>([[0, 0]]);
  const order = [0];
  const out: TextState[] = [];
  for (const index of order) {
    const edges: { from: number; to: number; target: number }[] = [];
    for (const { from, to, target } of states[index]?.edges ?? []) {
      if (alive[target] !== true) continue;
      let number = numbers.get(target);
      if (number === undefined) {
        number = order.push(target) - 1;
        numbers.set(target, number);
      }
      const last = edges.at(-1);
      if (last?.target === number && last.to + 1 === from) last.to = to;
      else edges.push({ from, to, target: number });
    }
    out.push({ mayEnd: states[index]?.mayEnd === true, edges });
  }
  return { states: out };
}

function aliveStates(states: readonly TextState[]): boolean[] {
  const sources: number[][] = states.map(() => []);
  states.forEach(({ edges }, index) => {
    for (const { target } of edges) sources[target]?.push(index);
  });
  const alive = states.map(() => false);
  const work = states.flatMap(({ mayEnd }, index) => (mayEnd ? [index] : []));
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    if (alive[at] === true) continue;
    alive[at] = true;
    work.push(...(sources[at] ?? []));
  }
  return alive;
}

/** Is there no text at all? */
export function isEmpty({ states }: TextAutomaton): boolean {
  return states.length === 1 && states[0]?.mayEnd === false && states[0].edges.length === 0;
}

/** Is this text in the set? */
export function holdsText({ states }: TextAutomaton, text: string): boolean {
  let state = states[0];
  for (const letter of text) {
    const target = targetOf(state?.edges ?? [], letter.codePointAt(0) ?? 0);
    if (target === undefined) return false;
    state = states[target];
  }
  return state?.mayEnd === true;
}

function targetOf(edges: readonly Edge[], point: number): number | undefined {
  let [low, high] = [0, edges.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const edge = edges[middle];
    if (edge === undefined) return undefined;
    if (point < edge.from) high = middle - 1;
    else if (point > edge.to) low = middle + 1;
    else return edge.target;
  }
  return undefined;
}
