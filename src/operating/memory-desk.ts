/** Who was promised which memory: instances that start at the same moment must not count on the same bytes. */

import { isAppError } from '../base/errors.ts';
import type { InstanceId } from '../fleet/instance.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import { checkMemory, estimateMemory, type MemoryWish } from '../models/estimate-memory.ts';

/** The memory of this machine, by what the system says and what was promised since. */
export class MemoryDesk {
  readonly #readFree: () => number;
  /** Estimates of those that are starting: the system counts a part of it at most. */
  readonly #starting = new Map<InstanceId, number>();
  /** Estimates of those that run: the system has counted them. */
  readonly #settled = new Map<InstanceId, number>();
  /** What was free before any of those that are starting began. */
  #freeBefore = 0;

  constructor(readFree: () => number) {
    this.#readFree = readFree;
  }

  /** Bytes that nobody has and nobody was promised. */
  get freeBytes(): number {
    const free = this.#readFree();
    if (this.#starting.size === 0) return free;
    // Not less the promises: of those, some may be taken already. Others may have taken memory meanwhile, hence the least.
    return Math.max(0, Math.min(free, this.#freeBefore - sum(this.#starting.values())));
  }

  /** The context per request that would fit if these were gone; 0 = none. */
  offer(spec: ModelSpec, wish: MemoryWish, gone: readonly InstanceId[]): number {
    const freed = sum(gone.map((id) => this.#settled.get(id) ?? 0));
    try {
      return checkMemory(spec, wish, this.freeBytes + freed).contextSize;
    } catch (thrown) {
      if (isAppError(thrown) && thrown.code === 'out_of_memory') return 0;
      throw thrown;
    }
  }

  /** Promises what it needs; the context per request that it can have. Throws ConfigError with the numbers. */
  promise(id: InstanceId, spec: ModelSpec, wish: MemoryWish): number {
    const { contextSize } = checkMemory(spec, wish, this.freeBytes);
    if (this.#starting.size === 0) this.#freeBefore = this.#readFree();
    this.#starting.set(id, estimateMemory(spec, contextSize, wish.parallel).totalBytes);
    return contextSize;
  }

  /** It runs and has what it needs: what it was promised, or, where an earlier server did that, about what it has. */
  settle(id: InstanceId, spec: ModelSpec, has: Required<MemoryWish>): void {
    const promised = this.#starting.get(id);
    if (promised !== undefined) this.#freeBefore -= promised;
    this.#starting.delete(id);
    this.#settled.set(id, promised ?? estimateMemory(spec, has.contextSize, has.parallel).totalBytes);
  }

  /** It has ended, or was never started. */
  giveBack(id: InstanceId): void {
    this.#starting.delete(id);
    this.#settled.delete(id);
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
