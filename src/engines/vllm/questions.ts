/** The small questions that a vLLM is asked beside generating, and what its answers say. */

import { EngineError } from '../../base/errors.ts';
import { isObject, type JsonObject } from '../../base/json.ts';
import type { EngineHttp } from '../http/engine-http.ts';
import { servedName } from './launch.ts';

/** Every function throws EngineError where the answer cannot be understood. */
export interface Questions {
  /** Context tokens of one request. */
  context(): Promise<number>;
  /** The ids of a text, added tokens recognised, nothing put before or behind. */
  encode(text: string): Promise<readonly number[]>;
  /** What ids are spelled, special tokens included. */
  decode(ids: readonly number[]): Promise<string>;
  /** The token that its tokenizer puts before every text, if it puts one. */
  bos(): Promise<number | undefined>;
}

/** Long prompts take a while to be tokenised. */
const timeoutMs = 60_000;

/** Asks until `signal` aborts. */
export function createQuestions(http: EngineHttp, signal: AbortSignal): Questions {
  const ask = async (path: string, body: JsonObject): Promise<Record<string, unknown>> =>
    parse(path, await http.post(path, { model: servedName, ...body }, signal, timeoutMs));
  const encode = async (prompt: string, adds = false): Promise<readonly number[]> =>
    readIds(await ask('/tokenize', { prompt: prompt.toWellFormed(), add_special_tokens: adds }));
  return {
    context: async () => readContext(parse('/v1/models', await http.get('/v1/models', signal))),
    encode: (text) => encode(text),
    decode: async (ids) => readPrompt(await ask('/detokenize', { tokens: [...ids] })),
    bos: async () => {
      const [plain, dressed] = [await encode('ok'), await encode('ok', true)];
      return dressed.length > plain.length && dressed[0] !== plain[0] ? dressed[0] : undefined;
    },
  };
}

function parse(path: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Said below.
  }
  throw unreadable(path);
}

function readContext({ data }: Record<string, unknown>): number {
  const models: unknown[] = Array.isArray(data) ? data : [];
  const model = models.find((item) => isObject(item) && item['id'] === servedName);
  const context = isObject(model) ? model['max_model_len'] : undefined;
  if (typeof context === 'number' && Number.isInteger(context) && context > 0) return context;
  throw unreadable('/v1/models');
}

function readIds({ tokens }: Record<string, unknown>): readonly number[] {
  if (Array.isArray(tokens) && tokens.every((id): id is number => Number.isInteger(id))) return tokens;
  throw unreadable('/tokenize');
}

function readPrompt({ prompt }: Record<string, unknown>): string {
  if (typeof prompt === 'string') return prompt;
  throw unreadable('/detokenize');
}

function unreadable(path: string): EngineError {
  return new EngineError('engine_protocol', `vLLM answered ${path} with something that cannot be understood.`);
}
