/** Numbers that look random and are the same in every run. */

/** Where they come from. */
export interface Random {
  /** 0 ≤ number < `end`. */
  below(end: number): number;
  /** One of them; undefined if there is none. */
  pick<Item>(items: readonly Item[]): Item | undefined;
}

/** Begins a sequence: Tommy Ettinger's mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed;
  const below = (end: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  };
  return { below, pick: (items) => items[below(items.length)] };
}
