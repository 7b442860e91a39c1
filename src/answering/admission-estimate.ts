/** What a request may cost in tokens at most, before anything has been asked. */

import type { ChatRequest } from '../chat/request.ts';

/** Tokens that are set aside. */
export interface TokenEstimate {
  readonly prompt: number;
  /** Prompt and answers together. */
  readonly total: number;
}

/** English has four letters to a token, Chinese one or two characters of three bytes. */
const bytesPerToken = 4;
/** For a role and the marks around a message. */
const messageTokens = 4;
/** Where a request does not say how long its answer may become. */
const usualAnswerTokens = 512;

/** A guess for the prompt, and all that the answers may have. */
export function estimateTokens(request: ChatRequest): TokenEstimate {
  const choices = request.choices ?? 1;
  const answer = request.sampling.maxTokens ?? usualAnswerTokens;
  const prompt = promptTokens(request);
  return { prompt, total: prompt + answer * choices * (request.raw?.length ?? 1) };
}

function promptTokens({ messages, tools, raw = [] }: ChatRequest): number {
  const texts: string[] = [];
  for (const message of messages) {
    texts.push(message.content);
    if (message.role !== 'assistant') continue;
    texts.push(message.reasoning ?? '');
    for (const call of message.calls) texts.push(call.name, call.arguments);
  }
  for (const { name, description, parameters } of tools) texts.push(name, description, JSON.stringify(parameters));
  for (const { text } of raw) if (typeof text === 'string') texts.push(text);
  const given = raw.reduce((sum, { text }) => sum + (typeof text === 'string' ? 0 : text.length), 0);
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return given + Math.ceil(bytes / bytesPerToken) + messages.length * messageTokens;
}
