/** Finds the first of several texts in a stream of bytes: Aho and Corasick's automaton. */

/** The search; position 0 is the start. */
export interface OpeningSearch {
  step(at: number, byte: number): number;
  /** The index of the longest text that ends at this position, else undefined. */
  found(at: number): number | undefined;
  /** Nodes of its trie. */
  readonly size: number;
}

const encoder = new TextEncoder();

/** Builds the search; of equal texts the first counts. */
export function searchOpenings(texts: readonly (string | undefined)[]): OpeningSearch {
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
  const fail = linkFailures(children, found);
  return {
    size: children.length,
    found: (at) => found[at],
    step: (at, byte) => follow(children, fail, at, byte),
  };
}

/** Breadth first; a node without a text of its own inherits the longest one that ends there. */
function linkFailures(children: readonly Map<number, number>[], found: (number | undefined)[]): number[] {
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
  return fail;
}

function follow(children: readonly Map<number, number>[], fail: readonly number[], from: number, byte: number): number {
  for (let at = from; ; at = fail[at] ?? 0) {
    const next = children[at]?.get(byte);
    if (next !== undefined) return next;
    if (at === 0) return 0;
  }
}
