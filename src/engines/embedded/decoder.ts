/** What the scheduler needs of a model: run a batch, read logits, cut a slot's memory. */

/** Consecutive tokens of one slot. */
export interface Run {
  readonly slot: number;
  /** Context position of the first token. */
  readonly position: number;
  readonly tokens: readonly number[];
  /** Are the logits after the last token wanted? */
  readonly output: boolean;
}

/** A model with memory for several sequences, its slots. */
export interface Decoder {
  readonly slots: number;
  readonly contextPerSlot: number;
  /** At most this many tokens a step, all runs together. */
  readonly batchSize: number;
  /** Runs one batch, at most one run for each slot; throws EngineError. */
  decode(batch: readonly Run[]): Promise<void>;
  /** The logits after the last token of a slot's run in the last batch; valid until the next, free to change. */
  logits(slot: number): Float32Array;
  /** Forgets all but the first `length` tokens of a slot, or all if it cannot; returns how many remain. */
  keep(slot: number, length: number): number;
}
