/** Converses with a server of OpenAI's protocol: the engine's own chat, wherever it runs. */

import { setTimeout } from 'node:timers/promises';
import { isAppError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { ChatEvent } from '../../chat/event.ts';
import type { ChatRequest } from '../../chat/request.ts';
import { encodeRequest, sparableFields } from '../../wire/openai-chat/client.ts';
import { ChunkReader, type ReaderFacts } from '../../wire/openai-chat/client-chunks.ts';
import type { ChatClient } from '../engine.ts';
import type { EngineHttp } from '../http/engine-http.ts';

/** What is known of the server. */
export interface ConversationFacts extends ReaderFacts {
  /** Behind the interface's base: `/chat/completions` or `/v1/chat/completions`. */
  readonly path: string;
  /** What it calls the model. */
  readonly model: string;
}

/** So long a body may take to end once the answer has. */
const restMs = 200;
/** Words of servers that do not know a field, or not for this model. */
const isAboutSupport =
  /unsupported|not supported|unrecogni[sz]ed|unknown|unexpected|extra (inputs|fields)|not (permitted|allowed)|does not support/i;
/** What the answer loses nothing by, or what we keep ourselves. */
const silentFields: ReadonlySet<string> = new Set(['max_tokens', 'stream_options', 'stop', 'reasoning_content']);

/** What clients write themselves: it may be one's words that are refused, and not the field. */
const wordyFields: ReadonlySet<string> = new Set([
  'response_format',
  'tool_choice',
  'logit_bias',
  'stop',
  'chat_template_kwargs',
]);

/** How it is asked; fields that it refuses are left out from then on, and each answer that misses one says so. */
export function createConversation(http: EngineHttp, facts: ConversationFacts): ChatClient['converse'] {
  const never = new Set<string>();
  return async function* converse(request, signal) {
    const without = new Set(never);
    for (;;) {
      const body = encodeRequest(request, { model: facts.model, without });
      try {
        yield* ask({ http, facts, request, body }, signal);
        return;
      } catch (thrown) {
        const field = refusedField(thrown, body);
        if (field === undefined || without.has(field)) throw thrown;
        without.add(field);
        if (!wordyFields.has(field)) never.add(field);
      }
    }
  };
}

interface Question {
  readonly http: EngineHttp;
  readonly facts: ConversationFacts;
  readonly request: ChatRequest;
  readonly body: JsonObject;
}

async function* ask(
  { http, facts, request, body }: Question,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, void, undefined> {
  const reader = new ChunkReader(facts);
  const leaving = new AbortController();
  const datas = http.stream(facts.path, body, AbortSignal.any([signal, leaving.signal]));
  try {
    let isAccepted = false;
    while (!reader.isDone) {
      const { value: data, done } = await datas.next();
      if (done === true) break;
      if (!isAccepted) yield* missingFields(request, body);
      isAccepted = true;
      yield* reader.push(data);
      // What had come already is not for somebody who has left.
      signal.throwIfAborted();
    }
    yield* reader.end();
    if (reader.isDone) await readRest(datas, leaving.signal);
  } finally {
    leaving.abort();
    void datas.return().catch(() => {});
  }
}

/** A body that was read to its end leaves its connection to the next request; some servers never end it. */
async function readRest(datas: AsyncIterator<unknown>, signal: AbortSignal): Promise<void> {
  const rest = datas.next().catch(() => {});
  await Promise.race([rest, setTimeout(restMs, undefined, { signal, ref: false })]);
}

/** The field that a refusal names, if the answer can do without. */
function refusedField(thrown: unknown, body: JsonObject): string | undefined {
  if (!isAppError(thrown) || thrown.kind !== 'request' || !isAboutSupport.test(thrown.message)) return undefined;
  const words = new Set(`${thrown.detail.param ?? ''} ${thrown.message}`.split(/[^a-z_]+/));
  return sparableFields.find((field) => words.has(field) && (field in body || field === 'reasoning_content'));
}

function* missingFields(request: ChatRequest, body: JsonObject): Generator<ChatEvent, void, undefined> {
  const whole = encodeRequest(request, { model: '', without: new Set() });
  for (const param of Object.keys(whole)) {
    if (param in body || silentFields.has(param)) continue;
    const message = `The field '${param}' has no effect: the server that runs this model refuses it.`;
    yield { type: 'warning', warning: { code: 'ignored_field', message, param } };
  }
}
