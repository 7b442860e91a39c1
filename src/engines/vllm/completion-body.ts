/** One generation as the body of vLLM's completion request. */

import type { Json, JsonObject } from '../../base/json.ts';
import { samplingFields } from '../../wire/openai-chat/client.ts';
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
  const { temperature, topLogprobs } = sampling;
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
    ...samplingFields(sampling),
    ...(temperature !== undefined && { temperature: Math.min(temperature, hottest) }),
    ...(topLogprobs !== undefined && { logprobs: topLogprobs, return_tokens_as_token_ids: true }),
    ...(grammar !== undefined && { structured_outputs: { grammar } }),
  };
  const sent: Record<string, Json> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) sent[name] = value;
  return sent;
}
