/** What may come next in a grammar without reading anything: stacks of what is still to be done, and their heads. */

import { EngineError } from '../base/errors.ts';
import type { PositionSets } from './position-sets.ts';
import type { ProgramNode } from './program.ts';

/** What is still to be done when a node is through: a frame and what lies below it; the root has no `below`. */
export interface Stack {
  readonly id: number;
  readonly node: number;
  /** Next item of a sequence, rounds already done of a repeat, or what is written of members in any order. */
  readonly value: number;
  readonly below: Stack | undefined;
  /** Made when needed: most stacks carry little. */
  above: Map<number, Stack> | undefined;
  heads: Map<number, Head> | undefined;
}

/** A node that waits for bytes (or a special token), at a position, on a stack. */
export interface Head {
  readonly id: number;
  readonly node: number;
  readonly at: number;
  readonly stack: Stack;
}

/** Where stacks and heads are kept, so that equal ones are one object. */
export interface StackStore {
  /** Sets of positions, and of members that are written. */
  readonly sets: PositionSets;
  node(number: number): ProgramNode;
  push(below: Stack, node: number, value: number): Stack;
  head(node: number, at: number, stack: Stack): Head;
}

/** Stacks one state may hold. */
export const maxHeads = 20_000;

/** Node numbers stay below 2^19, positions and counts below 2^32: together they are exact as a double. */
export const radix = 2 ** 32;

/** Collects the heads of one state: everything reachable without reading. */
export class Closure {
  mayEnd = false;
  readonly #table: StackStore;
  readonly #heads = new Set<Head>();
  /** Nodes to enter; without a node, a stack to resume. */
  readonly #work: { readonly node?: number; readonly stack: Stack }[] = [];
  /** Pairs of node and stack already entered, stacks already resumed. */
  readonly #entered = new Set<number>();
  readonly #resumed = new Set<Stack>();
  /** By repeat and stack below: the fewest rounds seen once the minimum is reached; more rounds allow nothing else. */
  readonly #rounds = new Map<number, number>();
  #isRunning = false;

  constructor(table: StackStore) {
    this.#table = table;
  }

  reset(): this {
    this.mayEnd = false;
    this.#isRunning = false;
    this.#work.length = 0;
    // Emptying what is empty costs more than looking.
    for (const kept of [this.#heads, this.#entered, this.#resumed, this.#rounds]) if (kept.size > 0) kept.clear();
    return this;
  }

  get isEmpty(): boolean {
    return this.#heads.size === 0 && !this.mayEnd;
  }

  sorted(): readonly Head[] {
    const heads = [...this.#heads];
    return heads.length < 2 ? heads : heads.sort((a, b) => a.id - b.id);
  }

  /** `node` comes next, then `stack`. */
  enter(node: number, stack: Stack): void {
    const key = node * radix + stack.id;
    if (this.#entered.has(key)) return;
    this.#entered.add(key);
    this.#work.push({ node, stack });
    this.#run();
  }

  /** What `stack` says comes next. */
  resume(stack: Stack): void {
    if (this.#resumed.has(stack)) return;
    this.#resumed.add(stack);
    this.#work.push({ stack });
    this.#run();
  }

  add(node: number, at: number, stack: Stack): void {
    this.#heads.add(this.#table.head(node, at, stack));
    if (this.#heads.size > maxHeads)
      throw new EngineError(
        'grammar_too_costly',
        `The grammar is too ambiguous: more than ${maxHeads} readings at once.`,
      );
  }

  /** Iterative: a chain of rules may be longer than our stack. */
  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let next = this.#work.pop(); next !== undefined; next = this.#work.pop())
      if (next.node === undefined) this.#pop(next.stack);
      else this.#expand(next.node, next.stack);
    this.#isRunning = false;
  }

  #pop({ node: number, value, below }: Stack): void {
    if (below === undefined) {
      this.mayEnd = true;
      return;
    }
    const node = this.#table.node(number);
    if (node.kind === 'sequence') this.#item(number, value, below);
    else if (node.kind === 'repeat') this.#round(number, value, below);
    else if (node.kind === 'anyOrder') this.#further(number, value, below);
  }

  #expand(number: number, stack: Stack): void {
    const node = this.#table.node(number);
    switch (node.kind) {
      case 'leaf':
        if (node.leaf.mayBeEmpty) this.resume(stack);
        if (node.leaf.mayGoOn(0, this.#table.sets)) this.add(number, 0, stack);
        return;
      case 'special':
        this.add(number, 0, stack);
        return;
      case 'sequence':
        this.#item(number, 0, stack);
        return;
      case 'choice':
        for (const item of node.items) this.enter(item, stack);
        return;
      case 'repeat':
        this.#round(number, 0, stack);
        return;
      case 'anyOrder':
        this.#further(number, node.continued ? behindMember(noMembers) : noMembers, stack);
        if (!node.continued && node.required.length === 0) this.resume(stack);
        return;
      case 'free':
        this.add(number, node.search.start, stack);
        this.resume(stack);
        return;
      case 'never':
        return;
    }
  }

  #item(number: number, index: number, below: Stack): void {
    const node = this.#table.node(number);
    if (node.kind !== 'sequence') return;
    const item = node.items[index];
    if (item === undefined) this.resume(below);
    else this.enter(item, index + 1 < node.items.length ? this.#table.push(below, number, index + 1) : below);
  }

  #round(number: number, done: number, below: Stack): void {
    const node = this.#table.node(number);
    if (node.kind !== 'repeat') return;
    if (done >= node.min) {
      const key = number * radix + below.id;
      if ((this.#rounds.get(key) ?? Infinity) <= done) return;
      this.#rounds.set(key, done);
      this.resume(below);
    }
    if (done >= node.max) return;
    const next = node.max === Infinity ? Math.min(done + 1, node.min) : done + 1;
    this.enter(node.item, next === node.max ? below : this.#table.push(below, number, next));
  }

  /** Behind a member the end or a separator, behind a separator any member that is not written yet. */
  #further(number: number, value: number, below: Stack): void {
    const node = this.#table.node(number);
    if (node.kind !== 'anyOrder') return;
    const { sets } = this.#table;
    const written = sets.positions(value >>> 1);
    if (value % 2 === 1) {
      if (node.required.every((index) => written.includes(index))) this.resume(below);
      const isMore = node.extra !== undefined || written.length < node.items.length;
      if (isMore) this.enter(node.separator, this.#table.push(below, number, value - 1));
      return;
    }
    for (const [index, item] of node.items.entries()) {
      if (written.includes(index)) continue;
      const now = sets.number([...written, index].sort((a, b) => a - b));
      this.enter(item, this.#table.push(below, number, behindMember(2 * now)));
    }
    if (node.extra !== undefined) this.enter(node.extra, this.#table.push(below, number, behindMember(value)));
  }
}

/** The number of the empty set, twice, for members in any order: odd values stand behind a member. */
const noMembers = 0;
const behindMember = (value: number): number => value + 1;

/** The same members written, as another table numbers them. */
export function renumbered(value: number, from: PositionSets, to: PositionSets): number {
  return 2 * to.number(from.positions(value >>> 1)) + (value % 2);
}
