/** How much memory a model will take, whether that is there, and which setting would fit. */

import { ConfigError } from '../base/errors.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';

/** What is asked for: tokens per request and requests at once. */
export interface MemoryWish {
  /** Absent = choose what fits. */
  readonly contextSize?: number;
  readonly parallel: number;
  /** Bytes that accelerators have for it; absent = it takes the machine's memory. */
  readonly gpuBytes?: number;
}

/** A wish that says how much context. */
type ContextWish = Pick<MemoryWish, 'parallel'> & { readonly contextSize: number };

/** Bytes by purpose. */
export interface MemoryEstimate {
  readonly weightsBytes: number;
  readonly cacheBytes: number;
  readonly computeBytes: number;
  readonly totalBytes: number;
}

/** More than this is of little use to most and costs everyone; `--ctx-size` asks for more. */
export const usualContext = 32_768;
/** Less is of no use, and contexts are chosen in such steps. */
export const smallestContext = 512;
export const contextStep = 256;
const mebibyte = 1 << 20;
/** Tokens computed in one go; the widest intermediate of each is the row of scores over the vocabulary. */
const batchTokens = 512;
/** What the program itself and the libraries take besides the model. */
const baseBytes = 64 * mebibyte;

/** What an estimate needs to know of a model. */
export type MemoryFacts = Pick<
  ModelSpec,
  'name' | 'sizeBytes' | 'kvBytesPerToken' | 'vocabularySize' | 'trainedContext'
>;

/** The memory of this model with so much context for each of so many requests. */
export function estimateMemory(spec: MemoryFacts, contextSize: number, parallel: number): MemoryEstimate {
  const weightsBytes = spec.sizeBytes;
  const cacheBytes = spec.kvBytesPerToken * contextSize * parallel;
  const computeBytes = baseBytes + spec.vocabularySize * batchTokens * 4;
  return { weightsBytes, cacheBytes, computeBytes, totalBytes: weightsBytes + cacheBytes + computeBytes };
}

/** The context that will be served; a ConfigError with the numbers and the nearest setting if the wish cannot be met. */
export function checkMemory(spec: ModelSpec, wish: MemoryWish, freeBytes: number): { contextSize: number } {
  const fitting = fittingContext(spec, wish.parallel, freeBytes);
  if (wish.contextSize !== undefined) {
    if (wish.contextSize <= fitting) return { contextSize: wish.contextSize };
    throw tooBig(spec, { ...wish, contextSize: wish.contextSize }, freeBytes);
  }
  const chosen = Math.min(spec.trainedContext, usualContext, fitting);
  const least = Math.min(smallestContext, spec.trainedContext);
  if (chosen >= least) return { contextSize: chosen };
  throw tooBig(spec, { ...wish, contextSize: least }, freeBytes);
}

/** The largest context (a multiple of 256) that fits; 0 if not even the weights do. */
function fittingContext(spec: ModelSpec, parallel: number, freeBytes: number): number {
  const left = freeBytes - estimateMemory(spec, 0, parallel).totalBytes;
  if (left < 0) return 0;
  const perToken = spec.kvBytesPerToken * parallel;
  if (perToken === 0) return Number.MAX_SAFE_INTEGER;
  return Math.floor(left / perToken / contextStep) * contextStep;
}

function tooBig(spec: ModelSpec, wish: ContextWish, freeBytes: number): ConfigError {
  const need = estimateMemory(spec, wish.contextSize, wish.parallel);
  const numbers =
    `${spec.name} with ${wish.contextSize} tokens of context for ${wish.parallel} request(s) at once needs ` +
    `${inWords(need.totalBytes)} (weights ${inWords(need.weightsBytes)}, context ${inWords(need.cacheBytes)}, ` +
    `working space ${inWords(need.computeBytes)}), but only ${inWords(freeBytes)} are free.`;
  return new ConfigError('out_of_memory', `${numbers} ${nearest(spec, wish, freeBytes)}`);
}

function nearest(spec: ModelSpec, wish: ContextWish, freeBytes: number): string {
  const context = Math.min(fittingContext(spec, wish.parallel, freeBytes), wish.contextSize);
  if (context >= smallestContext) return `This fits: --ctx-size ${context} --parallel ${wish.parallel}`;
  const alone = Math.min(fittingContext(spec, 1, freeBytes), wish.contextSize);
  if (alone >= smallestContext) return `This fits: --ctx-size ${alone} --parallel 1`;
  return 'No context fits: free some memory, or take a smaller model or a smaller quantisation of it.';
}

/** Bytes as people say them. */
export function inWords(bytes: number): string {
  const gibibytes = bytes / 2 ** 30;
  return gibibytes >= 1 ? `${gibibytes.toFixed(1)} GiB` : `${Math.ceil(bytes / mebibyte)} MiB`;
}
