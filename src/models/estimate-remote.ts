/** What can be said of a model's memory before it is downloaded: from its size, and from what others of that size take. */

import { bitsPerWeight, quantisationIn } from './bits-per-weight.ts';
import type { MemoryFacts } from './estimate-memory.ts';

/** What a hub tells of a model; only the name and the size are certain. */
export interface RemoteModel {
  /** Of the file: it usually states the quantisation. */
  readonly name: string;
  /** Of all parts together. */
  readonly sizeBytes: number;
  readonly parameterCount?: number;
  readonly trainedContext?: number;
}

/**
 * KV cache bytes per token at f16 up to so many thousand million parameters: the most that a model with grouped attention takes,
 * by the `config.json` of Qwen 2.5 and 3, Llama 3, Mistral, GLM 4 to 4.7, gpt-oss and Seed. Older ones without grouping take more.
 */
const cacheBySize: ReadonlyArray<readonly [billions: number, bytesPerToken: number]> = [
  [2.5, 114_688],
  [10.5, 147_456],
  [20.5, 196_608],
  [45, 262_144],
  [Number.POSITIVE_INFINITY, 376_832],
];

/** Where a name states no quantisation, the usual one is assumed. */
const usualBits = 4.89;
const usualVocabulary = 152_064;
const usualContext = 32_768;

/** Facts to estimate with, on the side of too much; what they give must be called approximate. */
export function factsFromSize(model: RemoteModel): MemoryFacts {
  const bits = bitsPerWeight(quantisationIn(model.name) ?? '') ?? usualBits;
  const parameters = model.parameterCount ?? (model.sizeBytes * 8) / bits;
  const row = cacheBySize.find(([billions]) => parameters <= billions * 1e9);
  return {
    name: model.name,
    sizeBytes: model.sizeBytes,
    kvBytesPerToken: row?.[1] ?? 0,
    vocabularySize: usualVocabulary,
    trainedContext: model.trainedContext ?? usualContext,
  };
}
