/** A prompt that does not fit is refused with both numbers, before any header; nothing is ever cut in silence. */

import { RequestError } from '../base/errors.ts';
import type { ChatRequest, Sampling } from '../chat/request.ts';

/** No tokenizer's longest token stands for more characters (they are runs of blanks). */
const mostCharactersPerToken = 256;

/** Bounds the answer by what the prompt leaves of the context; throws if that is nothing. */
export function fitContext(sampling: Sampling, promptTokens: number, context: number): Sampling {
  if (promptTokens >= context) throw tooLong(`${promptTokens}`, context);
  const left = context - promptTokens;
  return { ...sampling, maxTokens: Math.min(sampling.maxTokens ?? left, left) };
}

/** Refuses what cannot fit by its length alone, without the cost of rendering and tokenising it. */
export function refuseHopeless(request: ChatRequest, context: number): void {
  const characters = request.messages.reduce((sum, message) => sum + message.content.length, 0);
  const atLeast = Math.ceil(characters / mostCharactersPerToken);
  if (atLeast >= context) throw tooLong(`at least ${atLeast}`, context);
}

function tooLong(promptTokens: string, context: number): RequestError {
  const message =
    `This model's context is ${context} tokens, but the messages and tools came to ${promptTokens} tokens, ` +
    'which leaves no room for an answer. Shorten them, or serve with a larger --ctx-size.';
  return new RequestError('context_length_exceeded', message, { param: 'messages' });
}
