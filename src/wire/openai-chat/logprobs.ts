/** Log probabilities in OpenAI's words. */

import type { JsonObject } from '../../base/json.ts';
import type { DrawnLogprob, TokenLogprob } from '../../chat/logprob.ts';

/** Null where nothing was asked for, or nothing was said. */
export function encodeLogprobs(logprobs: readonly DrawnLogprob[] | undefined): JsonObject | null {
  if (logprobs === undefined || logprobs.length === 0) return null;
  const content = logprobs.map((drawn) => ({ ...encodeToken(drawn), top_logprobs: drawn.top.map(encodeToken) }));
  return { content, refusal: null };
}

function encodeToken({ token, logprob, bytes }: TokenLogprob): JsonObject {
  return { token, logprob, bytes: [...bytes] };
}
