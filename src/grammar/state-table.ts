/** The states of a grammar, made when first reached: sets of hash-consed stacks, with their transitions remembered. */

import { Closure, type Head, radix, renumbered, type Stack, type StackStore } from './closure.ts';
import { PositionSets } from './position-sets.ts';
import type { Program, ProgramNode } from './program.ts';

/** A state: everything that may come next. Equal sets are one object within a table. */
export interface State {
  readonly heads: readonly Head[];
  /** May the answer end here? */
  readonly mayEnd: boolean;
  readonly table: StateTable;
  /** By byte, or 256 and more for special tokens; null = refused. */
  readonly next: Map<number, State | null>;
  /** By byte, for states that were left by many bytes: an array is read faster than a map. */
  dense: (State | null | undefined)[] | undefined;
  /** See `StateTable.onlyByte`; undefined until asked for. */
  onlyByte: number | undefined;
}

/** States, stacks and positions kept before a table is given up for a fresh one. */
export const maxKept = 60_000;

/** Transitions from which on a state keeps an array. */
const denseFrom = 12;

/** All states known so far. */
export class StateTable implements StackStore {
  readonly #nodes: readonly ProgramNode[];
  readonly sets = new PositionSets();
  readonly #bottom: Stack = { id: 0, node: -1, value: 0, below: undefined, above: undefined, heads: undefined };
  readonly #states = new Map<string, State>();
  readonly #specials = new Map<string, number>();
  /** One is enough: a state is made before the next one is begun. */
  readonly #closure = new Closure(this);
  #stacks = 1;
  /** Its size when the last cursor moved in. */
  #adopted = 0;
  #heads = 0;

  /** The state before the first byte. */
  readonly start: State;

  constructor(program: Program) {
    this.#nodes = program.nodes;
    const closure = this.#closure.reset();
    closure.enter(program.root, this.#bottom);
    this.start = this.#state(closure);
  }

  /** Has it grown so far that cursors should move to a fresh table? A single deep stack alone is no reason. */
  get isFull(): boolean {
    return this.#size > maxKept && this.#size > 2 * this.#adopted;
  }

  get #size(): number {
    return this.#states.size + this.#stacks + this.#heads + this.sets.size;
  }

  node(number: number): ProgramNode {
    return this.#nodes[number] ?? { kind: 'never' };
  }

  /** The state after a byte, or null if it is refused. */
  step(state: State, byte: number): State | null {
    const known = state.dense === undefined ? state.next.get(byte) : state.dense[byte];
    if (known !== undefined) return known;
    const closure = this.#closure.reset();
    for (const head of state.heads) this.#read(head, byte, closure);
    return this.#remember(state, byte, closure);
  }

  /** The state after a special token, or null if it is refused. */
  stepSpecial(state: State, token: string): State | null {
    let key = this.#specials.get(token);
    if (key === undefined) {
      key = 256 + this.#specials.size;
      this.#specials.set(token, key);
    }
    const known = state.next.get(key);
    if (known !== undefined) return known;
    const closure = this.#closure.reset();
    for (const { node, at, stack } of state.heads) {
      const found = this.node(node);
      if (found.kind === 'special' && found.token === token) closure.resume(stack);
      const then = found.kind === 'free' && !found.search.isOver(at) ? found.specials.get(token) : undefined;
      if (then !== undefined) closure.enter(then, stack);
    }
    return this.#remember(state, key, closure);
  }

  /** The special tokens that may come next. */
  specials(state: State): Set<string> {
    const out = new Set<string>();
    for (const { node, at } of state.heads) {
      const found = this.node(node);
      if (found.kind === 'special') out.add(found.token);
      if (found.kind === 'free' && !found.search.isOver(at)) for (const token of found.specials.keys()) out.add(token);
    }
    return out;
  }

  /** How many plain string characters, whichever they are, may come next: at most `enough`. */
  plainLength(state: State, enough: number): number {
    let length = 0;
    for (const { node, at, stack } of state.heads) {
      const found = this.node(node);
      if (found.kind === 'free' && found.search.isSafe(at)) return enough;
      if (found.kind !== 'leaf' || at !== 0 || !found.leaf.takesPlain) continue;
      // Straight below a repeat: when the character is through, the repeat enters the same leaf again.
      const round = this.node(stack.node);
      const rounds = round.kind === 'repeat' ? round.max - stack.value + 1 : 1;
      length = Math.max(length, Math.min(rounds, enough));
    }
    return length;
  }

  /** The only byte that may come next; -1 if there are several, none, or a special token may come or the end. */
  onlyByte(state: State): number {
    state.onlyByte ??= this.#findOnlyByte(state);
    return state.onlyByte;
  }

  #findOnlyByte(state: State): number {
    let only = -1;
    if (state.mayEnd) return only;
    for (const { node, at } of state.heads) {
      const found = this.node(node);
      const byte = found.kind === 'leaf' ? found.leaf.onlyByte(at, this.sets) : -1;
      if (byte === -1 || (only !== -1 && byte !== only)) return -1;
      only = byte;
    }
    return only;
  }

  /** The same state in this table, for a cursor that comes from a full one. */
  adopt(state: State): State {
    const closure = this.#closure.reset();
    closure.mayEnd = state.mayEnd;
    const { sets } = state.table;
    for (const head of state.heads) {
      const found = this.node(head.node);
      const usesSets = found.kind === 'leaf' && found.leaf.usesSets && head.at !== 0;
      const at = usesSets ? this.sets.number(sets.positions(head.at)) : head.at;
      closure.add(head.node, at, this.#rebuild(head.stack, sets));
    }
    const adopted = this.#state(closure);
    this.#adopted = Math.max(this.#adopted, this.#size);
    return adopted;
  }

  push(below: Stack, node: number, value: number): Stack {
    const key = node * radix + value;
    below.above ??= new Map();
    let stack = below.above.get(key);
    if (stack === undefined) {
      stack = { id: this.#stacks++, node, value, below, above: undefined, heads: undefined };
      below.above.set(key, stack);
    }
    return stack;
  }

  head(node: number, at: number, stack: Stack): Head {
    const key = node * radix + at;
    stack.heads ??= new Map();
    let head = stack.heads.get(key);
    if (head === undefined) {
      head = { id: this.#heads++, node, at, stack };
      stack.heads.set(key, head);
    }
    return head;
  }

  #rebuild(stack: Stack, sets: PositionSets): Stack {
    const frames: Stack[] = [];
    for (let at = stack; at.below !== undefined; at = at.below) frames.push(at);
    const renewed = ({ node, value }: Stack): number =>
      this.node(node).kind === 'anyOrder' ? renumbered(value, sets, this.sets) : value;
    return frames.reduceRight((below, frame) => this.push(below, frame.node, renewed(frame)), this.#bottom);
  }

  #read({ node, at, stack }: Head, byte: number, closure: Closure): void {
    const found = this.node(node);
    if (found.kind === 'leaf') {
      const next = found.leaf.step(at, byte, this.sets);
      if (next === -1) return;
      if (found.leaf.mayGoOn(next, this.sets)) closure.add(node, next, stack);
      if (found.leaf.mayEnd(next, this.sets)) closure.resume(stack);
    } else if (found.kind === 'free') {
      const next = found.search.step(at, byte);
      const opened = found.search.found(next);
      if (opened === undefined) {
        closure.add(node, next, stack);
        closure.resume(stack);
      } else closure.enter(found.then[opened] ?? -1, stack);
    }
  }

  #remember(state: State, key: number, closure: Closure): State | null {
    const next = closure.isEmpty ? null : this.#state(closure);
    if (state.dense !== undefined && key < 256) state.dense[key] = next;
    else state.next.set(key, next);
    if (state.dense === undefined && state.next.size > denseFrom) this.#makeDense(state);
    return next;
  }

  #makeDense(state: State): void {
    const dense: (State | null | undefined)[] = new Array(256).fill(undefined);
    for (const [byte, next] of state.next) if (byte < 256) dense[byte] = next;
    state.dense = dense;
  }

  #state(closure: Closure): State {
    const heads = closure.sorted();
    const ids = heads.length === 1 ? `${heads[0]?.id}` : heads.map((head) => head.id).join();
    const key = closure.mayEnd ? `$${ids}` : ids;
    let state = this.#states.get(key);
    if (state === undefined) {
      state = { heads, mayEnd: closure.mayEnd, table: this, next: new Map(), dense: undefined, onlyByte: undefined };
      this.#states.set(key, state);
    }
    return state;
  }
}
