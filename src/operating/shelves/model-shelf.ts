/** From a source of weights to files on this machine that an engine can open. */

import type { WeightsKind } from '../../engines/engine.ts';
import type { ModelSource } from '../../fleet/model-source.ts';
import type { ModelSpec } from '../../fleet/model-spec.ts';

/** Told while files are on their way: how far, in words. */
export type TellProgress = (words: string) => void;

/** Which model, in which form. */
export interface ShelfWish {
  readonly source: ModelSource;
  readonly weights: WeightsKind;
}

/** What is fetched; `any` = whichever form there is, for whoever will want it. */
export interface FetchWish {
  readonly source: ModelSource;
  readonly weights: WeightsKind | 'any';
}

/** Where models are found, and fetched if need be. */
export interface ModelShelf {
  /** The model's facts, its files present and complete; throws our errors that say what to do. */
  take(wish: ShelfWish, tell: TellProgress, signal: AbortSignal): Promise<ModelSpec>;
  /** The same if nothing must be fetched for it. */
  peek(wish: ShelfWish): ModelSpec | undefined;
}

/** The same for weights of one kind. */
export interface SourceShelf {
  take(source: ModelSource, tell: TellProgress, signal: AbortSignal): Promise<ModelSpec>;
  peek(source: ModelSource): ModelSpec | undefined;
}

/** One shelf of those for each kind of weights. */
export function shelfByWeights(shelves: Readonly<Record<WeightsKind, SourceShelf>>): ModelShelf {
  return {
    take: ({ source, weights }, tell, signal) => shelves[weights].take(source, tell, signal),
    peek: ({ source, weights }) => shelves[weights].peek(source),
  };
}
