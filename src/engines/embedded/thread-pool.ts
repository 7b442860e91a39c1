/** ggml's threads: one pool that lives as long as the model, its size measured when nobody chose it. */

import { availableParallelism } from 'node:os';
import { type Library, type Pointer, threadPoolParams } from './layouts.ts';

/** Rounds that an idle thread spins before it sleeps; ggml's own default. */
const pollRounds = 50;
/** A larger pool must be this much faster: its threads wait for each other by spinning. */
const worthwhile = 1.15;
const budgetMs = 100;
const sampleDecodes = 4;

/** Attaches a pool of a size to the context. */
export type ResizePool = (threads: number) => void;

/** Without a pool of its own the context would start threads for every decode. */
export function createPool(library: Library, context: Pointer): ResizePool {
  // None is ever freed: at the next decode the context still pauses the pool before, whose threads then sleep.
  const pools = new Map<number, Pointer>();
  return (threads) => {
    const pool = pools.get(threads) ?? openPool(library, threads);
    pools.set(threads, pool);
    library.contextSetThreads(context, threads, threads);
    library.contextAttachPool(context, pool, pool);
  };
}

function openPool(library: Library, threads: number): Pointer {
  const params = Buffer.from(new ArrayBuffer(threadPoolParams.sizeBytes));
  library.poolDefaults(params, threads);
  params.writeUInt32LE(pollRounds, threadPoolParams.pollOffset);
  return library.poolCreate(params);
}

/** The sizes worth trying, smallest first: one core stays with the server. */
function candidateSizes(cores: number): readonly number[] {
  const most = Math.max(1, cores - 1);
  const sizes = [1];
  for (let size = 2; size < most; size *= 2) sizes.push(size);
  return most > 1 ? [...sizes, most] : sizes;
}

/**
 * Tries sizes within a tenth of a second and keeps the fastest; a larger one must be clearly faster than the
 * smaller. `decode` runs a decode of one token.
 */
export async function calibrate(resize: ResizePool, decode: () => Promise<void>): Promise<number> {
  const started = performance.now();
  const sizes = candidateSizes(availableParallelism());
  let best = 1;
  let bestMs = Number.POSITIVE_INFINITY;
  if (sizes.length === 1) return best;
  for (const size of sizes) {
    resize(size);
    const tookMs = await fastest(decode);
    if (tookMs * (size === 1 ? 1 : worthwhile) < bestMs) {
      best = size;
      bestMs = tookMs;
    }
    // A slow model shows its best size by its weight: every core computes.
    if (performance.now() - started > budgetMs) break;
  }
  resize(best);
  return best;
}

async function fastest(decode: () => Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < sampleDecodes; i++) {
    const started = performance.now();
    await decode();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}
