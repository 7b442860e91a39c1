/** One event of a streamed completion, as far as it can be understood. */

import { EngineError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { Usage } from '../../chat/event.ts';

/** What an event said; absent = nothing of it. */
export interface CompletionChunk {
  readonly text: string;
  /** The tokens since the last event; the one that ended the answer among them, though it is not in the text. */
  readonly ids: readonly number[];
  readonly finish?: string;
  /** A text of the request's `stop` ended the answer, not a token. */
  readonly isTextStop: boolean;
  /** Of each token, by id: its own log probability and its rivals'. */
  readonly logprobs: readonly ReadonlyMap<number, number>[];
  readonly usage?: Usage;
}

/** Stands for minus infinity, which JSON cannot say. */
const impossible = -9_999;

/** Reads the data of an event; throws EngineError where it is none, or says that the engine failed. */
export function readChunk(data: string): CompletionChunk {
  const event = parse(data);
  const { error, choices, usage } = event;
  if (error !== undefined && error !== null) throw failed(error);
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const choice = isObject(first) ? first : {};
  const { text, token_ids: ids, finish_reason: finish, stop_reason: stop } = choice;
  return {
    text: typeof text === 'string' ? text : '',
    ids: Array.isArray(ids) ? ids.filter(isId) : [],
    ...(typeof finish === 'string' && { finish }),
    isTextStop: typeof stop === 'string',
    logprobs: readLogprobs(choice['logprobs']),
    ...(isObject(usage) && { usage: readUsage(usage) }),
  };
}

function parse(data: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw new EngineError('engine_protocol', 'vLLM sent an event that is not JSON.', { cause });
  }
  if (!isObject(value)) throw new EngineError('engine_protocol', 'vLLM sent an event that is no object.');
  return value;
}

function failed(error: unknown): EngineError {
  return new EngineError('engine_protocol', 'vLLM gave up in the middle of an answer.', {
    internal: JSON.stringify(error).slice(0, 2_000),
  });
}

function readUsage({ prompt_tokens: prompt, completion_tokens: completion, ...rest }: Record<string, unknown>): Usage {
  const details = isObject(rest['prompt_tokens_details']) ? rest['prompt_tokens_details'] : {};
  return {
    promptTokens: toCount(prompt),
    completionTokens: toCount(completion),
    cachedTokens: toCount(details['cached_tokens']),
  };
}

/** Rivals come as `token_id:17`; the drawn token is the first. */
function readLogprobs(value: unknown): readonly ReadonlyMap<number, number>[] {
  const { top_logprobs: top, tokens, token_logprobs: drawn } = isObject(value) ? value : {};
  if (!Array.isArray(tokens) || !Array.isArray(drawn)) return [];
  return tokens.map((token: unknown, at) => {
    const rivals: unknown = Array.isArray(top) ? top[at] : undefined;
    const pairs: [unknown, unknown][] = [[token, drawn[at]], ...Object.entries(isObject(rivals) ? rivals : {})];
    const byId = new Map<number, number>();
    for (const [name, logprob] of pairs) {
      const id = /^token_id:(\d{1,9})$/.exec(String(name))?.[1];
      if (id !== undefined && !byId.has(Number(id))) byId.set(Number(id), toLogprob(logprob));
    }
    return byId;
  });
}

function toLogprob(value: unknown): number {
  return typeof value === 'number' && value >= impossible ? Math.min(value, 0) : impossible;
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function toCount(value: unknown): number {
  return isId(value) ? value : 0;
}
