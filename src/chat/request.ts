/** One question to a model: the union of what the protocols can ask. */

import type { Json } from '../base/json.ts';
import type { Message } from './message.ts';
import type { JsonSchema, Tool, ToolChoice } from './tool.ts';

/** How tokens are drawn; absent fields take the deployment's or the engine's default. */
export interface Sampling {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly repeatPenalty?: number;
  readonly seed?: number;
  /** At most this many tokens are generated. */
  readonly maxTokens?: number;
  /** Added to the logits of these token ids of the model, each from -100 to 100. */
  readonly logitBias?: ReadonlyMap<number, number>;
  /** Log probabilities of the drawn tokens are wanted, and of this many of the likeliest beside each (0 to 20). */
  readonly topLogprobs?: number;
}

/** `json_object` asks for any JSON object, `json_schema` for one that is valid. */
export type OutputSchema =
  | { readonly type: 'json_object' }
  | { readonly type: 'json_schema'; readonly name: string; readonly schema: JsonSchema; readonly path: string };

/** How strictly promises are kept: see `answering/guarantee.ts`. */
export type GuaranteeLevel = 'enforce' | 'report' | 'off';

/** A text to be continued as it stands. */
export interface RawPrompt {
  /**
   * The caller's own prompt, the spellings of special tokens included (to write them is what raw completion is for):
   * one trusted segment. Or token ids of the model, taken unchanged: no BOS is added to them.
   */
  readonly text: string | readonly number[];
  /** Where the caller wrote it, e.g. `prompt[1]`; for errors. */
  readonly path: string;
}

/** What every protocol's body becomes. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  readonly parallelCalls: boolean;
  readonly sampling: Sampling;
  /** Visible text ends before any of these. */
  readonly stop: readonly string[];
  readonly output?: OutputSchema;
  /** Extra variables for the chat template (`chat_template_kwargs`). */
  readonly templateVariables: Readonly<Record<string, Json>>;
  readonly guarantee?: GuaranteeLevel;
  /** How many answers are wanted (with `raw`: to each prompt); absent = one. */
  readonly choices?: number;
  /**
   * Raw completion instead of a conversation: no chat template, no format, nothing constrained, no reasoning taken
   * apart. Never empty; `messages` and `tools` are empty then, `toolChoice` is `none`. Choice number
   * `p * choices + k` is the k-th answer to the p-th prompt and has text events only; `stop`, `sampling` and
   * log probabilities hold as ever. A prompt that no token stands for, ids that are none of the model's, and ids where
   * the engine takes no token ids are a `RequestError` with the prompt's path.
   */
  readonly raw?: readonly RawPrompt[];
  /** Who asks, as an opaque name (a key's id or hash): what is remembered for one caller is never given to another. */
  readonly caller?: string;
  /** The report must hold the text as the model wrote it, before any format read it. */
  readonly reportsRaw?: true;
  /** Facts about the request that the answer should mention (ignored fields …). */
  readonly warnings: readonly Warning[];
}

/** Something that could not be kept, or was ignored; said, never hidden. */
export interface Warning {
  /** Stable, lower-case with underscores: goes into the `X-Aimindserve-Warnings` header. */
  readonly code: string;
  readonly message: string;
  readonly param?: string;
}
