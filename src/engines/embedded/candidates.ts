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
  if (only === undefined) for (let id = 0; id < logits.length; id++) heap.offer(id);
  else for (const id of only) heap.offer(id);
  return heap.sorted();
}

function bestOne(logits: Float32Array, only?: readonly number[]): number[] {
  let found = -1;
  let top = Number.NEGATIVE_INFINITY;
  const look = (id: number): void => {
    const logit = logits[id] ?? Number.NaN;
    if (logit > top) {
      top = logit;
      found = id;
    }
  };
  if (only === undefined) for (let id = 0; id < logits.length; id++) look(id);
  else for (const id of only) look(id);
  return found < 0 ? [] : [found];
}

function sortAll(logits: Float32Array, only?: readonly number[]): number[] {
  const ids = only === undefined ? Array.from(logits, (_, id) => id) : [...only];
  return ids.filter((id) => isReachable(logits[id])).sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
}

function isReachable(logit: number | undefined): boolean {
  return logit !== undefined && logit > Number.NEGATIVE_INFINITY;
}

/** Keeps the best ids seen so far; the worst of them is at the root. */
class Heap {
  readonly #logits: Float32Array;
  readonly #room: number;
  readonly #ids: number[] = [];
  #worst = Number.NEGATIVE_INFINITY;

  constructor(logits: Float32Array, room: number) {
    this.#logits = logits;
    this.#room = room;
  }

  /** Ids must come in ascending order, so that of equals the lower stays. */
  offer(id: number): void {
    if (!((this.#logits[id] ?? Number.NaN) > this.#worst)) return;
    if (this.#ids.length < this.#room) {
      this.#ids.push(id);
      this.#rise(this.#ids.length - 1);
    } else {
      this.#ids[0] = id;
      this.#sink();
    }
    if (this.#ids.length === this.#room) this.#worst = this.#logits[this.#ids[0] ?? 0] ?? Number.NaN;
  }

  sorted(): number[] {
    return this.#ids.sort((a, b) => (this.#logits[b] ?? 0) - (this.#logits[a] ?? 0) || a - b);
  }

  #isWorse(a: number, b: number): boolean {
    const [idA, idB] = [this.#ids[a] ?? 0, this.#ids[b] ?? 0];
    const [logitA, logitB] = [this.#logits[idA] ?? 0, this.#logits[idB] ?? 0];
    return logitA < logitB || (logitA === logitB && idA > idB);
  }

  #swap(a: number, b: number): void {
    const kept = this.#ids[a] ?? 0;
    this.#ids[a] = this.#ids[b] ?? 0;
    this.#ids[b] = kept;
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isWorse(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      let worst = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < this.#ids.length && this.#isWorse(child, worst)) worst = child;
      if (worst === at) return;
      this.#swap(at, worst);
      at = worst;
    }
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
