/** What the weights are: everything the rest of the house needs to know of a model without loading it. */

/** Read from a GGUF header (or its kin); sizes in bytes, context in tokens. */
export interface ModelSpec {
  /** `general.name`, else the file's name. */
  readonly name: string;
  /** All files in order; the first is what the engine opens. */
  readonly files: readonly string[];
  readonly architecture: string;
  readonly parameterCount?: number;
  /** The context the model was trained for. */
  readonly trainedContext: number;
  readonly vocabularySize: number;
  /** The Jinja chat template; absent = none in the file. */
  readonly template?: string;
  readonly bosToken: string;
  readonly eosToken: string;
  /** Spellings of control tokens, and of user-defined ones (which any text that spells them becomes). */
  readonly specialTokens: readonly string[];
  /** The sampling its makers advise; a request's own settings win. */
  readonly sampling: SamplingAdvice;
  readonly sizeBytes: number;
  /** KV cache bytes per context token at f16. */
  readonly kvBytesPerToken: number;
}

/** `general.sampling.*` of a GGUF file. */
export interface SamplingAdvice {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
}
