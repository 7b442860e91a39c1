/** The body of a raw completion: token ids in, every token out as it is drawn. */

import { RequestError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Sampling } from '../../chat/request.ts';
import type { ServerGrammar } from './server-grammar.ts';

/** What a completion is asked with; what the request does not say is left to the program's own defaults. */
export function completionRequest(
  tokens: readonly number[],
  sampling: Sampling,
  grammar: ServerGrammar | undefined,
): JsonObject {
  const { temperature, topP, topK, minP, presencePenalty, frequencyPenalty, repeatPenalty } = sampling;
  const { seed, maxTokens, logitBias, topLogprobs } = sampling;
  const biases = [
    ...[...(logitBias ?? [])].map(([id, bias]) => [id, bias]),
    ...(grammar?.banned ?? []).map((id) => [id, false]),
  ];
  return {
    prompt: tokens,
    stream: true,
    return_tokens: true,
    cache_prompt: true,
    n_predict: maxTokens ?? -1,
    // Of the model as it is: before bias, penalties and grammar. Without rivals the drawn token's is not told either.
    ...(topLogprobs !== undefined && { n_probs: Math.max(1, topLogprobs), post_sampling_probs: false }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(topK !== undefined && { top_k: topK }),
    ...(minP !== undefined && { min_p: minP }),
    ...(presencePenalty !== undefined && { presence_penalty: presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequency_penalty: frequencyPenalty }),
    ...(repeatPenalty !== undefined && { repeat_penalty: repeatPenalty }),
    ...(seed !== undefined && { seed: toServerSeed(seed) }),
    ...(biases.length > 0 && { logit_bias: biases }),
    ...(grammar?.text !== undefined && { grammar: grammar.text }),
  };
}

/** Its seeds have 32 bits, and the greatest of them means a random one. */
const seeds = 2 ** 32 - 1;

function toServerSeed(seed: number): number {
  return ((Math.trunc(seed) % seeds) + seeds) % seeds;
}

/** A bias of a token that is none would be passed over in silence. */
export function checkBias({ logitBias }: Sampling, vocabularySize: number): void {
  for (const id of logitBias?.keys() ?? [])
    if (id < 0 || id >= vocabularySize)
      throw new RequestError('invalid_value', `logit_bias names token ${id}, and the model has ${vocabularySize}.`, {
        param: 'logit_bias',
      });
}
