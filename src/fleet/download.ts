/** Weights on their way to a worker, and what has arrived. */

import type { ModelSource } from './model-source.ts';

/** How far a download is; unknown sizes are absent. */
export interface DownloadProgress {
  readonly bytesDone: number;
  readonly bytesTotal?: number;
  readonly bytesPerSecond: number;
  readonly etaSeconds?: number;
}

/** One model being fetched, all its files together. */
export interface Download {
  readonly id: string;
  readonly source: ModelSource;
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
  readonly progress: DownloadProgress;
  /** What else to know, e.g. that another hub was taken. */
  readonly notes?: readonly string[];
  /** Why it failed, for people. */
  readonly error?: string;
  readonly startedAt: number;
}

/** A model whose files are on a worker. */
export interface ModelFile {
  readonly id: string;
  readonly workerId: string;
  /** Absolute paths, the first is what an engine opens. */
  readonly files: readonly string[];
  readonly sizeBytes: number;
  /** `own` = fetched by us, may be removed by us; anything else belongs to another program and is served in place. */
  readonly origin: 'own' | 'bundled' | 'huggingface' | 'modelscope' | 'ollama' | 'lm-studio' | 'llama.cpp';
  readonly name: string;
  readonly source?: ModelSource;
  readonly quantisation?: string;
  /** Why it cannot be served, for people. */
  readonly problem?: string;
  readonly createdAt: number;
}
