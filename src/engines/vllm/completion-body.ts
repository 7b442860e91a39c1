/** One generation as the body of vLLM's completion request. */

import type { Json, JsonObject } from '../../base/json.ts';
import type { GenerateRequest } from '../engine.ts';
import { servedName } from './launch.ts';

/** What of a request depends on the engine and its model. */
export interface CompletionFacts {
  readonly contextPerSlot: number;
  /** In its notation; absent = nothing is constrained. */
  readonly grammar?: string;
  /** Of the special tokens that end the turn. */
  readonly endIds: readonly number[];
}

/** It refuses more. */
const hottest = 2;

/** Never the `guided_…` fields of older versions: newer ones pass them over in silence. */
export function completionBody(
  { tokens, constraint, sampling }: Pick<GenerateRequest, 'tokens' | 'constraint' | 'sampling'>,
  { contextPerSlot, grammar, endIds }: CompletionFacts,
): JsonObject {
  const { logitBias, topLogprobs } = sampling;
  const fields: Record<string, Json | undefined> = {
    model: servedName,
    prompt: [...tokens],
    max_tokens: sampling.maxTokens ?? Math.max(1, contextPerSlot - tokens.length),
    stream: true,
    stream_options: { include_usage: true },
    return_token_ids: true,
    skip_special_tokens: false,
    spaces_between_special_tokens: false,
    stop: [...constraint.stops].filter((stop) => stop !== ''),
    stop_token_ids: [...endIds],
    temperature: sampling.temperature === undefined ? undefined : Math.min(sampling.temperature, hottest),
    top_p: sampling.topP,
    top_k: sampling.topK,
    min_p: sampling.minP,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    repetition_penalty: sampling.repeatPenalty,
    seed: sampling.seed,
    ...(logitBias && { logit_bias: Object.fromEntries(logitBias) }),
    ...(topLogprobs !== undefined && { logprobs: topLogprobs, return_tokens_as_token_ids: true }),
    ...(grammar !== undefined && { structured_outputs: { grammar } }),
  };
  const sent: Record<string, Json> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) sent[name] = value;
  return sent;
}
