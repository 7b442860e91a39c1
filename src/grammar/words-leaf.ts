/** A leaf of many literal texts: the smallest automaton that has no cycle, in which words share beginnings and ends. */

import type { Leaf } from './leaf.ts';

/** A node whose ways may still change. */
interface OpenNode {
  mayEnd: boolean;
  readonly bytes: number[];
  readonly targets: number[];
}

const encoder = new TextEncoder();

/** One of these words. */
export function wordsLeaf(words: readonly string[]): Leaf {
  const graph = new WordGraph();
  for (const word of sorted(words)) graph.add(word);
  graph.finish();
  return {
    usesSets: false,
    mayBeEmpty: graph.mayEnd(0),
    takesPlain: false,
    step: (at, byte) => graph.step(at, byte),
    mayEnd: (at) => graph.mayEnd(at),
    mayGoOn: (at) => graph.bytesAt(at).length > 0,
    onlyByte: (at) => {
      const [first = -1, more] = graph.bytesAt(at);
      return more === undefined ? first : -1;
    },
  };
}

function sorted(words: readonly string[]): Uint8Array[] {
  const list = [...new Set(words)].map((word) => encoder.encode(word));
  return list.sort((a, b) => {
    const shared = sharedLength(a, b);
    return (a[shared] ?? -1) - (b[shared] ?? -1);
  });
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  let index = 0;
  while (index < a.length && index < b.length && a[index] === b[index]) index++;
  return index;
}

/**
 * Takes words in the order of their bytes. Behind the last word only its own path can still change; whatever leaves
 * that path is settled, and equal nodes become one (Daciuk and others, 2000).
 */
class WordGraph {
  /** By node, the root first: the bytes that may follow, in order, and where they lead. */
  readonly #bytes: (readonly number[])[] = [[]];
  readonly #targets: (readonly number[])[] = [[]];
  readonly #ends: boolean[] = [false];
  readonly #numbers = new Map<string, number>();
  readonly #path: OpenNode[] = [openNode()];
  #last: Uint8Array = new Uint8Array();

  add(word: Uint8Array): void {
    const shared = sharedLength(this.#last, word);
    this.#settle(shared);
    for (let depth = shared; depth < word.length; depth++) {
      this.#path.at(-1)?.bytes.push(word[depth] ?? 0);
      this.#path.push(openNode());
    }
    const end = this.#path.at(-1);
    if (end !== undefined) end.mayEnd = true;
    this.#last = word;
  }

  finish(): void {
    this.#settle(0);
    const [root] = this.#path;
    if (root === undefined) return;
    this.#bytes[0] = root.bytes;
    this.#targets[0] = root.targets;
    this.#ends[0] = root.mayEnd;
    this.#numbers.clear();
  }

  mayEnd(at: number): boolean {
    return this.#ends[at] === true;
  }

  bytesAt(at: number): readonly number[] {
    return this.#bytes[at] ?? [];
  }

  /** The node behind a byte, -1 if there is none. */
  step(at: number, byte: number): number {
    const bytes = this.bytesAt(at);
    let [low, high] = [0, bytes.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = bytes[middle] ?? 0;
      if (found === byte) return this.#targets[at]?.[middle] ?? -1;
      if (found < byte) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** Numbers the nodes of the path below this depth. */
  #settle(depth: number): void {
    while (this.#path.length > depth + 1) {
      const node = this.#path.pop();
      if (node !== undefined) this.#path.at(-1)?.targets.push(this.#number(node));
    }
  }

  #number({ mayEnd, bytes, targets }: OpenNode): number {
    const key = `${mayEnd ? '$' : ''}${bytes.join()};${targets.join()}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#ends.push(mayEnd) - 1;
      this.#bytes.push(bytes);
      this.#targets.push(targets);
      this.#numbers.set(key, number);
    }
    return number;
  }
}

function openNode(): OpenNode {
  return { mayEnd: false, bytes: [], targets: [] };
}
