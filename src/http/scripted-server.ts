/** For tests: a real server on a free port, whose answers are scripted. */

import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { ChatEvent, FinishReason } from '../chat/event.ts';
import type { ChatRequest } from '../chat/request.ts';
import { openaiChat } from '../wire/openai-chat/protocol.ts';
import { createAccess } from './access.ts';
import { createHttpApp, type HttpApp } from './app.ts';
import { defaultLimits, type HttpLimits } from './limits.ts';
import type { ServedModel } from './model-routes.ts';

/** What a test may change. */
export interface Script {
  readonly complete?: (request: ChatRequest, signal: AbortSignal) => AsyncIterable<ChatEvent>;
  readonly limits?: Partial<HttpLimits>;
  readonly keys?: readonly string[];
  readonly models?: () => readonly ServedModel[];
}

/** A running server. */
export interface ScriptedServer {
  readonly url: string;
  readonly port: number;
  readonly app: HttpApp;
  /** The requests that reached the script. */
  readonly asked: readonly ChatRequest[];
}

/** A model that is ready. */
export const readyModel: ServedModel = {
  name: 'org/nano',
  createdAt: 1_700_000_000,
  contextLength: 4_096,
  maxOutputTokens: 1_024,
  capabilities: ['chat', 'tools'],
  state: 'ready',
};

/** Starts it; the test closes it with `app.close(0)`. */
export async function startScripted(script: Script = {}): Promise<ScriptedServer> {
  const asked: ChatRequest[] = [];
  const answer = script.complete ?? (() => eventsOf(textAnswer('hello')));
  const app = createHttpApp({
    complete: (request, signal) => {
      asked.push(request);
      return answer(request, signal);
    },
    protocols: [openaiChat],
    models: script.models ?? (() => [readyModel]),
    access: createAccess({ keys: script.keys ?? [], host: '127.0.0.1' }),
    log: silentLog,
    clock: systemClock,
    limits: { ...defaultLimits, ...script.limits },
  });
  const port = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url: `http://127.0.0.1:${port}`, port, app, asked };
}

/** The listed events, one by one. */
export async function* eventsOf(events: Iterable<ChatEvent>): AsyncGenerator<ChatEvent> {
  yield* events;
}

/** A whole choice around what it says. */
export function answer(said: readonly ChatEvent[], reason: FinishReason): ChatEvent[] {
  return [
    { type: 'start', choice: 0, id: 'chatcmpl-1' },
    ...said,
    { type: 'finish', choice: 0, reason },
    { type: 'usage', usage: { promptTokens: 7, completionTokens: 3, cachedTokens: 2 } },
    { type: 'report', report: { format: 'hermes', path: 'native', queueMs: 4 } },
  ];
}

/** Plain text, in pieces of one word. */
export function textAnswer(text: string): ChatEvent[] {
  const words = text.split(/(?<= )/);
  return answer(
    words.map((word) => ({ type: 'text-delta', choice: 0, text: word })),
    'stop',
  );
}

/** One call of a weather tool. */
export function callAnswer(): ChatEvent[] {
  const call: ChatEvent[] = [
    { type: 'call-start', choice: 0, index: 0, id: 'chatcmpl-tool-1', name: 'get_weather' },
    { type: 'call-delta', choice: 0, index: 0, json: '{"city":' },
    { type: 'call-delta', choice: 0, index: 0, json: '"海淀区"}' },
    {
      type: 'call-end',
      choice: 0,
      index: 0,
      outcome: 'ok',
      kept: { enforced: true, relaxed: [], mended: [] },
    },
  ];
  return answer(call, 'tool_calls');
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
