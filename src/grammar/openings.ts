/** Finds the first of several texts in a stream of bytes: Aho and Corasick's automaton. */

/** The search. */
export interface OpeningSearch {
  /** The position before the first byte. */
  readonly start: number;
  step(at: number, byte: number): number;
  /** The index of the longest text that ends at this position, else undefined. */
  found(at: number): number | undefined;
  /** Can no text without quote, backslash or control character, read from this position, complete an opening? */
  isSafe(at: number): boolean;
  /** Can no opening come any more? */
  isOver(at: number): boolean;
}

const encoder = new TextEncoder();

/** What is known of the place where a search begins. */
export interface SearchPlace {
  /** Text that counts as read before. */
  readonly begun?: string;
  /** Only what stands at the very beginning, behind white space at most, is found. */
  readonly anchored?: boolean;
}

/** Builds the search; of equal texts the first counts. */
export function searchOpenings(texts: readonly (string | undefined)[], place: SearchPlace = {}): OpeningSearch {
  const { children, found } = buildTrie(texts);
  const search = place.anchored === true ? searchAtStart(children, found) : searchAnywhere(children, found);
  let start = 0;
  for (const byte of encoder.encode(place.begun ?? '')) start = search.step(start, byte);
  return { ...search, start };
}

/** Texts by their bytes: children of each node, and the text that ends there. */
interface Trie {
  readonly children: Map<number, number>[];
  readonly found: (number | undefined)[];
}

function buildTrie(texts: readonly (string | undefined)[]): Trie {
  const children: Map<number, number>[] = [new Map()];
  const found: (number | undefined)[] = [undefined];
  texts.forEach((text, index) => {
    if (text === undefined || text === '') return;
    let at = 0;
    for (const byte of encoder.encode(text)) {
      let next = children[at]?.get(byte);
      if (next === undefined) {
        next = children.push(new Map()) - 1;
        found.push(undefined);
        children[at]?.set(byte, next);
      }
      at = next;
    }
    found[at] ??= index;
  });
  return { children, found };
}

function searchAnywhere(children: readonly Map<number, number>[], found: (number | undefined)[]): OpeningSearch {
  const { fail, order } = linkFailures(children, found);
  const unsafe = findUnsafe(children, found, { fail, order });
  return {
    start: 0,
    found: (at) => found[at],
    isSafe: (at) => unsafe[at] !== true,
    isOver: () => false,
    step: (at, byte) => follow(children, fail, at, byte),
  };
}

const whiteSpace: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** A search that is over at the first byte that fits no text. */
function searchAtStart(
  children: readonly Map<number, number>[],
  found: readonly (number | undefined)[],
): OpeningSearch {
  const over = children.length;
  return {
    start: 0,
    found: (at) => found[at],
    isSafe: (at) => at === over,
    isOver: (at) => at === over,
    step: (at, byte) => children[at]?.get(byte) ?? (at === 0 && whiteSpace.has(byte) ? 0 : over),
  };
}

interface Failures {
  /** By node: the longest proper suffix that is a node too. */
  readonly fail: readonly number[];
  /** All nodes but the root, breadth first. */
  readonly order: readonly number[];
}

/** Breadth first; a node without a text of its own inherits the longest one that ends there. */
function linkFailures(children: readonly Map<number, number>[], found: (number | undefined)[]): Failures {
  const fail: number[] = children.map(() => 0);
  const queue: number[] = [...(children[0]?.values() ?? [])];
  for (let index = 0; index < queue.length; index++) {
    const at = queue[index] ?? 0;
    found[at] ??= found[fail[at] ?? 0];
    for (const [byte, child] of children[at] ?? []) {
      fail[child] = follow(children, fail, fail[at] ?? 0, byte);
      queue.push(child);
    }
  }
  return { fail, order: queue };
}

/** Nodes from which plain bytes alone lead to the end of an opening, going down or after falling back. */
function findUnsafe(
  children: readonly Map<number, number>[],
  found: readonly (number | undefined)[],
  { fail, order }: Failures,
): boolean[] {
  const unsafe = children.map(() => false);
  for (const at of [...order].reverse().concat(0))
    for (const [byte, child] of children[at] ?? [])
      if (isPlain(byte) && (found[child] !== undefined || unsafe[child] === true)) unsafe[at] = true;
  for (const at of order) if (unsafe[fail[at] ?? 0] === true) unsafe[at] = true;
  return unsafe;
}

function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte !== 0x22 && byte !== 0x5c;
}

function follow(children: readonly Map<number, number>[], fail: readonly number[], from: number, byte: number): number {
  for (let at = from; ; at = fail[at] ?? 0) {
    const next = children[at]?.get(byte);
    if (next !== undefined) return next;
    if (at === 0) return 0;
  }
}
