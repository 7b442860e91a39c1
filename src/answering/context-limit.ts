/** A prompt that does not fit is refused with both numbers, before any header; nothing is ever cut in silence. */

import { RequestError } from '../base/errors.ts';
import type { ChatRequest, Sampling } from '../chat/request.ts';

/** No tokenizer's longest token stands for more characters (they are runs of blanks). */
const mostCharactersPerToken = 256;

/** What a prompt needs and has. */
export interface Room {
  readonly promptTokens: number;
  readonly context: number;
  /** Where the caller wrote the prompt; absent = in its messages. */
  readonly path?: string;
}

/** Sampling that knows how long the answer may be. */
export type FittedSampling = Sampling & { readonly maxTokens: number };

/** Bounds the answer by what the prompt leaves of the context; throws if that is nothing. */
export function fitContext(sampling: Sampling, { promptTokens, context, path }: Room): FittedSampling {
  if (promptTokens >= context) throw tooLong(`${promptTokens}`, context, path);
  const left = context - promptTokens;
  return { ...sampling, maxTokens: Math.min(sampling.maxTokens ?? left, left) };
}

/** Refuses what cannot fit by its length alone, without the cost of rendering and tokenising it. */
export function refuseHopeless({ messages, raw = [] }: ChatRequest, context: number): void {
  const characters = messages.reduce((sum, message) => sum + message.content.length, 0);
  const texts = [
    { length: characters, path: undefined },
    ...raw.map(({ text, path }) => ({ length: text.length, path })),
  ];
  for (const { length, path } of texts) {
    const atLeast = Math.ceil(length / mostCharactersPerToken);
    if (atLeast >= context) throw tooLong(`at least ${atLeast}`, context, path);
  }
}

function tooLong(promptTokens: string, context: number, path: string | undefined): RequestError {
  const what = path === undefined ? 'the messages and tools' : path;
  const message =
    `This model's context is ${context} tokens, but ${what} came to ${promptTokens} tokens, ` +
    'which leaves no room for an answer. Shorten them, or serve with a larger --ctx-size.';
  return new RequestError('context_length_exceeded', message, { param: path ?? 'messages' });
}
