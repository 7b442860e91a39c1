/** Who was promised which memory: instances that start at the same moment must not count on the same bytes. */

import { isAppError } from '../base/errors.ts';
import type { EngineKind } from '../engines/engine.ts';
import type { Device } from '../fleet/device.ts';
import type { InstanceId } from '../fleet/instance.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import { checkMemory, estimateMemory, type MemoryWish } from '../models/estimate-memory.ts';
import { gpuRoom } from './gpu-room.ts';

/** The memory of this machine, by what the system says and what was promised since. */
export class MemoryDesk {
  readonly #readFree: () => number;
  readonly #readDevices: () => Promise<readonly Device[]>;
  /** Estimates of those that are starting: the system counts a part of it at most. */
  readonly #starting = new Map<InstanceId, number>();
  /** Estimates of those that run: the system has counted them. */
  readonly #settled = new Map<InstanceId, number>();
  /** What was free before any of those that are starting began. */
  #freeBefore = 0;

  constructor(readFree: () => number, readDevices: () => Promise<readonly Device[]> = async () => []) {
    this.#readFree = readFree;
    this.#readDevices = readDevices;
  }

  /** What the accelerators among these devices have for an instance, as they are now: nobody else is given them. */
  async roomOn(
    engine: Pick<EngineKind, 'name' | 'usesGpu'>,
    ids: readonly string[],
  ): Promise<Pick<MemoryWish, 'gpuBytes'>> {
    if (!engine.usesGpu || !ids.some((id) => id !== 'cpu')) return {};
    const gpuBytes = gpuRoom(engine, ids, await this.#readDevices());
    return gpuBytes === undefined ? {} : { gpuBytes };
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
      return checkMemory(spec, wish, wish.gpuBytes ?? this.freeBytes + freed).contextSize;
    } catch (thrown) {
      if (isAppError(thrown) && thrown.code === 'out_of_memory') return 0;
      throw thrown;
    }
  }

  /** Promises what it needs; the context per request that it can have. Throws ConfigError with the numbers. */
  promise(id: InstanceId, spec: ModelSpec, wish: MemoryWish): number {
    const { contextSize } = checkMemory(spec, wish, wish.gpuBytes ?? this.freeBytes);
    if (wish.gpuBytes !== undefined) return contextSize;
    if (this.#starting.size === 0) this.#freeBefore = this.#readFree();
    this.#starting.set(id, estimateMemory(spec, contextSize, wish.parallel).totalBytes);
    return contextSize;
  }

  /** It runs and has what it needs: what it was promised, or, where an earlier server did that, about what it has. */
  settle(id: InstanceId, spec: ModelSpec, has: MemoryWish & { readonly contextSize: number }): void {
    if (has.gpuBytes !== undefined) return;
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
