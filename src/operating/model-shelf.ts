/** From a source of weights to files on this machine that an engine can open. */

import type { ModelSource } from '../fleet/model-source.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';

/** Told while files are on their way: how far, in words. */
export type TellProgress = (words: string) => void;

/** Where models are found, and fetched if need be. */
export interface ModelShelf {
  /** The model's facts, its files present and complete; throws our errors that say what to do. */
  take(source: ModelSource, tell: TellProgress, signal: AbortSignal): Promise<ModelSpec>;
  /** The same if nothing must be fetched for it. */
  peek(source: ModelSource): ModelSpec | undefined;
}
