/** The most probable tokens of a step: found without sorting the vocabulary, cut by top-k, top-p and min-p. */

/** Token ids, most probable first, with the weights they are drawn by. */
export interface Candidates {
  readonly ids: readonly number[];
  readonly weights: readonly number[];
}

/** How the distribution is cut; in this order, before the temperature. */
export interface Truncation {
  /** 0 = no limit. */
  readonly topK: number;
  /** 1 = no limit. */
  readonly topP: number;
  /** 0 = no limit; relative to the most probable token. */
  readonly minP: number;
}

/** `truncate` looks at this many tokens first when only top-p cuts, then at more. */
const firstLook = 256;

/**
 * The tokens that survive the truncation, weighted at `temperature` (0 = the best one alone). `only` restricts the
 * choice beforehand. Logits that are no numbers are never chosen.
 */
export function truncate(
  logits: Float32Array,
  truncation: Truncation & { readonly temperature: number },
  only?: readonly number[],
): Candidates {
  const { temperature, topK, topP, minP } = truncation;
  if (temperature <= 0) return weigh(logits, best(logits, 1, only), 1);
  const size = only?.length ?? logits.length;
  const most = topK > 0 ? Math.min(topK, size) : size;
  let ids = topP < 1 && most > firstLook ? nucleus(logits, { topP, most }, only) : best(logits, most, only);
  if (topP < 1 && most <= firstLook) ids = cutMass(logits, ids, { topP, total: undefined }) ?? ids;
  return weigh(logits, cutRelative(logits, ids, minP), temperature);
}

/** The `count` best ids in order; of equals the lower id comes first. */
export function best(logits: Float32Array, count: number, only?: readonly number[]): number[] {
  if (count === 1) return bestOne(logits, only);
  const size = only?.length ?? logits.length;
  if (count * 8 >= size) return sortAll(logits, only).slice(0, count);
  const heap = new Heap(logits, count);
  // Nearly all tokens fail this comparison: it must cost nothing.
  if (only !== undefined) for (const id of only) heap.offer(id);
  else for (let id = 0; id < logits.length; id++) if ((logits[id] ?? 0) > heap.worst) heap.offer(id);
  return heap.sorted();
}

function bestOne(logits: Float32Array, only?: readonly number[]): number[] {
  let found = -1;
  let top = Number.NEGATIVE_INFINITY;
  const count = only?.length ?? logits.length;
  for (let index = 0; index < count; index++) {
    const id = only === undefined ? index : (only[index] ?? 0);
    const logit = logits[id] ?? 0;
    if (logit > top) {
      top = logit;
      found = id;
    }
  }
  return found < 0 ? [] : [found];
}

function sortAll(logits: Float32Array, only?: readonly number[]): number[] {
  const ids = only === undefined ? Array.from(logits, (_, id) => id) : [...only];
  return ids.filter((id) => isReachable(logits[id])).sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
}

function isReachable(logit: number | undefined): boolean {
  return logit !== undefined && logit > Number.NEGATIVE_INFINITY;
}

/** Keeps the best ids seen so far; the worst of them is at the root. Written for speed: it runs for every token. */
class Heap {
  /** What a logit must exceed to be kept. */
  worst = Number.NEGATIVE_INFINITY;
  readonly #logits: Float32Array;
  readonly #ids: Int32Array;
  readonly #values: Float32Array;
  #size = 0;

  constructor(logits: Float32Array, room: number) {
    this.#logits = logits;
    this.#ids = new Int32Array(room);
    this.#values = new Float32Array(room);
  }

  /** Ids must come in ascending order, so that of equals the lower stays. */
  offer(id: number): void {
    const value = this.#logits[id] ?? Number.NaN;
    if (!(value > this.worst)) return;
    if (this.#size < this.#ids.length) this.#rise(id, value);
    else this.#sink(id, value);
    if (this.#size === this.#ids.length) this.worst = this.#values[0] ?? 0;
  }

  sorted(): number[] {
    const logits = this.#logits;
    return [...this.#ids.subarray(0, this.#size)].sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
  }

  #isWorse(value: number, id: number, at: number): boolean {
    const other = this.#values[at] ?? 0;
    return value < other || (value === other && id > (this.#ids[at] ?? 0));
  }

  #put(at: number, id: number, value: number): void {
    this.#ids[at] = id;
    this.#values[at] = value;
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#ids[from] ?? 0, this.#values[from] ?? 0);
  }

  /** Adds at the end and moves up past all that are better. */
  #rise(id: number, value: number): void {
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isWorse(value, id, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, id, value);
  }

  /** Replaces the root and moves down past all that are worse. */
  #sink(id: number, value: number): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      const right = child + 1;
      if (right < this.#size && this.#isWorse(this.#values[right] ?? 0, this.#ids[right] ?? 0, child)) child = right;
      if (this.#isWorse(value, id, child)) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, id, value);
  }
}

/** Top-p without a small top-k: looks at more and more of the best until they hold enough of the whole. */
function nucleus(
  logits: Float32Array,
  { topP, most }: { readonly topP: number; readonly most: number },
  only?: readonly number[],
): number[] {
  const total = most < (only?.length ?? logits.length) ? undefined : mass(logits, only);
  for (let look = total === undefined ? most : firstLook; ; look *= 8) {
    const ids = best(logits, Math.min(look, most), only);
    const cut = cutMass(logits, ids, { topP, total });
    if (cut !== undefined) return cut;
    if (look >= most) return ids;
  }
}

/** The sum of exp(logit − highest) over all that may be chosen. */
function mass(logits: Float32Array, only?: readonly number[]): number {
  const top = logits[best(logits, 1, only)[0] ?? 0] ?? 0;
  let total = 0;
  const add = (logit: number | undefined): void => {
    if (logit !== undefined && isReachable(logit)) total += Math.exp(logit - top);
  };
  if (only === undefined) logits.forEach(add);
  else for (const id of only) add(logits[id]);
  return total;
}

/** The shortest head of `ids` that holds `topP` of the mass, or undefined if all of it does not. */
function cutMass(
  logits: Float32Array,
  ids: readonly number[],
  { topP, total }: { readonly topP: number; readonly total: number | undefined },
): number[] | undefined {
  const top = logits[ids[0] ?? 0] ?? 0;
  const weights = ids.map((id) => Math.exp((logits[id] ?? 0) - top));
  const whole = total ?? weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  for (const [index, weight] of weights.entries()) {
    sum += weight;
    if (sum >= topP * whole) return ids.slice(0, index + 1);
  }
  return undefined;
}

function cutRelative(logits: Float32Array, ids: readonly number[], minP: number): readonly number[] {
  if (minP <= 0) return ids;
  const floor = (logits[ids[0] ?? 0] ?? 0) + Math.log(minP);
  const end = ids.findIndex((id) => (logits[id] ?? 0) < floor);
  return end < 0 ? ids : ids.slice(0, Math.max(end, 1));
}

function weigh(logits: Float32Array, ids: readonly number[], temperature: number): Candidates {
  const top = logits[ids[0] ?? 0] ?? 0;
  return { ids, weights: ids.map((id) => Math.exp(((logits[id] ?? 0) - top) / temperature)) };
}
