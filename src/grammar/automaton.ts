/** Runs a grammar over bytes and special tokens: what may come next, what must, and whether the answer may end. */

import type { Grammar } from './grammar.ts';
import { layOutProgram, type Program } from './program.ts';
import { type State, StateTable } from './state-table.ts';
import { maxPlainLength, setBit, type TokenIndex, type TokenTrie, tokenIndex } from './token-index.ts';
import type { Vocabulary } from './vocabulary.ts';

/** A grammar ready to run; its states are shared by all its cursors. */
export interface CompiledGrammar {
  /** A cursor before the first byte. */
  start(): Cursor;
}

/** A place in an answer. */
export interface Cursor {
  /** Takes bytes as a whole; false = refused, and the cursor has not moved. */
  accept(bytes: Uint8Array): boolean;
  /** Takes a special token; false = refused, and the cursor has not moved. */
  acceptSpecial(token: string): boolean;
  /**
   * Bit `id & 31` of word `id >> 5` set = token `id` is allowed now. End-of-generation tokens are not judged here
   * (see `mayEnd`). The array is kept for the next time: do not modify it.
   */
  allowed(vocabulary: Vocabulary): Uint32Array;
  /** Bytes that are the only possible continuation; maybe none, at most 4 kB. */
  forced(): Uint8Array;
  /** May the answer end here? */
  mayEnd(): boolean;
  /** Is there nothing that may follow? */
  mustEnd(): boolean;
  /** A cursor of its own at the same place. */
  clone(): Cursor;
}

/** Throws RequestError('schema_too_large') when limits are exceeded, and 'invalid_schema' if nothing would match. */
export function compileGrammar(grammar: Grammar): CompiledGrammar {
  const run = new Run(layOutProgram(grammar));
  return { start: () => new StateCursor(run, run.table.start) };
}

const maxForced = 4096;
/** Bytes of masks one grammar keeps. */
const maxMaskBytes = 16_000_000;

/** What the cursors of one grammar share: the current table and the masks. */
class Run {
  readonly #program: Program;
  table: StateTable;
  #masks = new Map<Vocabulary, Map<State, Uint32Array>>();
  #maskBytes = 0;

  constructor(program: Program) {
    this.#program = program;
    this.table = new StateTable(program);
  }

  /** The state in the current table; a full table is replaced first. */
  current(state: State): State {
    if (this.table.isFull) {
      this.table = new StateTable(this.#program);
      this.#forgetMasks();
    }
    return state.table === this.table ? state : this.table.adopt(state);
  }

  mask(state: State, vocabulary: Vocabulary): Uint32Array {
    let masks = this.#masks.get(vocabulary);
    let mask = masks?.get(state);
    if (mask !== undefined) return mask;
    mask = buildMask(state, tokenIndex(vocabulary));
    this.#maskBytes += mask.byteLength;
    if (this.#maskBytes > maxMaskBytes) this.#forgetMasks();
    masks = this.#masks.get(vocabulary) ?? new Map<State, Uint32Array>();
    this.#masks.set(vocabulary, masks.set(state, mask));
    return mask;
  }

  #forgetMasks(): void {
    this.#masks = new Map();
    this.#maskBytes = 0;
  }
}

function buildMask(state: State, index: TokenIndex): Uint32Array {
  const { table } = state;
  const length = table.plainLength(state, maxPlainLength);
  const mask = new Uint32Array(index.plainMasks[length] ?? []);
  for (const token of table.specials(state))
    if (table.stepSpecial(state, token) !== null) for (const id of index.specials.get(token) ?? []) setBit(mask, id);
  if (length < maxPlainLength) walk(state, { trie: index.plain, lengths: index.plainLengths, length }, mask);
  walk(state, { trie: index.rest }, mask);
  return mask;
}

/** A trie; where `lengths` are given, tokens of up to `length` characters are known to be allowed. */
interface Ground {
  readonly trie: TokenTrie;
  readonly lengths?: Uint8Array;
  readonly length?: number;
}

/** One walk over a trie; a refused byte skips all tokens that go on from it. */
function walk(state: State, { trie, lengths, length = 0 }: Ground, mask: Uint32Array): void {
  const { table } = state;
  const path: State[] = [state];
  for (let node = 0; node < trie.bytes.length; ) {
    if (lengths !== undefined && (lengths[node] ?? 0) <= length) {
      node = trie.ends[node] ?? Infinity;
      continue;
    }
    const depth = trie.depths[node] ?? 0;
    const from = path[depth] ?? state;
    const byte = trie.bytes[node] ?? 0;
    const known = from.dense?.[byte];
    const next = known === undefined ? table.step(from, byte) : known;
    if (next === null) {
      node = trie.ends[node] ?? Infinity;
      continue;
    }
    path[depth + 1] = next;
    const last = trie.firstId[node + 1] ?? 0;
    for (let index = trie.firstId[node] ?? 0; index < last; index++) setBit(mask, trie.ids[index] ?? 0);
    node++;
  }
}

class StateCursor implements Cursor {
  readonly #run: Run;
  #state: State;

  constructor(run: Run, state: State) {
    this.#run = run;
    this.#state = state;
  }

  accept(bytes: Uint8Array): boolean {
    let state = this.#run.current(this.#state);
    for (const byte of bytes) {
      const next = state.table.step(state, byte);
      if (next === null) return false;
      state = next;
    }
    this.#state = state;
    return true;
  }

  acceptSpecial(token: string): boolean {
    const state = this.#run.current(this.#state);
    const next = state.table.stepSpecial(state, token);
    if (next !== null) this.#state = next;
    return next !== null;
  }

  allowed(vocabulary: Vocabulary): Uint32Array {
    this.#state = this.#run.current(this.#state);
    return this.#run.mask(this.#state, vocabulary);
  }

  forced(): Uint8Array {
    const bytes: number[] = [];
    let state: State | null = this.#run.current(this.#state);
    while (state !== null && bytes.length < maxForced) {
      const byte = state.table.onlyByte(state);
      if (byte === -1) break;
      bytes.push(byte);
      state = state.table.step(state, byte);
    }
    return Uint8Array.from(bytes);
  }

  mayEnd(): boolean {
    return this.#state.mayEnd;
  }

  mustEnd(): boolean {
    return this.#state.mayEnd && this.#state.heads.length === 0;
  }

  clone(): Cursor {
    return new StateCursor(this.#run, this.#state);
  }
}
