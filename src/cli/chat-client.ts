/** Asks a running server for one answer over HTTP, as a stream. */

import { EngineError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import type { Target } from './remote/client.ts';
import { explainFailure, refusalOf } from './remote/failure.ts';

/** A call the model made, whole. */
export interface MadeCall {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

/** What one answer came to. */
export interface Answer {
  readonly text: string;
  readonly calls: readonly MadeCall[];
}

/** A name the server answers to. */
export interface ServedModel {
  readonly name: string;
  /** Does it answer now, or as soon as it is asked? */
  readonly isReady: boolean;
}

/** The models of the server. */
export async function listServed(server: Target): Promise<ServedModel[]> {
  const response = await ask(server, '/v1/models', undefined, AbortSignal.timeout(10_000));
  const body: unknown = await response.json();
  const data = isObject(body) && Array.isArray(body['data']) ? body['data'] : [];
  return data.filter(isObject).map((model) => ({ name: String(model['id']), isReady: answers(model['state']) }));
}

/** Other servers of this protocol tell no state. */
function answers(state: unknown): boolean {
  return state === undefined || state === 'ready' || state === 'partly-ready' || state === 'idle';
}

/** Streams one answer; `onText` gets what the model says while it says it. */
export async function streamAnswer(
  server: Target,
  body: object,
  { signal, onText }: { readonly signal: AbortSignal; readonly onText: (text: string) => void },
): Promise<Answer> {
  const response = await ask(server, '/v1/chat/completions', { ...body, stream: true }, signal);
  const gathered = new AnswerGatherer(onText);
  for await (const data of sseData(response)) {
    if (data === '[DONE]') break;
    gathered.add(JSON.parse(data));
  }
  return gathered.answer();
}

async function ask(server: Target, path: string, body: object | undefined, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (server.key !== undefined) headers['authorization'] = `Bearer ${server.key}`;
  const response = await fetch(server.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    signal,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    if (signal.aborted && !isTimeout(cause)) throw cause;
    throw explainFailure(server.url, cause);
  });
  if (!response.ok) throw await refusalOf(response, server);
  return response;
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'TimeoutError';
}

function errorMessage(body: unknown): string {
  const error = isObject(body) ? body['error'] : undefined;
  return isObject(error) ? String(error['message']) : JSON.stringify(body);
}

/** The data of each server-sent event. */
async function* sseData(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data:')) yield line.slice(5).trim();
  }
}

class AnswerGatherer {
  #text = '';
  readonly #calls: Array<{ id: string; name: string; arguments: string }> = [];
  readonly #onText: (text: string) => void;

  constructor(onText: (text: string) => void) {
    this.#onText = onText;
  }

  add(chunk: unknown): void {
    if (!isObject(chunk)) return;
    if (chunk['error'] !== undefined) throw new EngineError('engine_crashed', `The server: ${errorMessage(chunk)}`);
    const choice: unknown = Array.isArray(chunk['choices']) ? chunk['choices'][0] : undefined;
    const delta = isObject(choice) ? choice['delta'] : undefined;
    if (!isObject(delta)) return;
    if (typeof delta['content'] === 'string') {
      this.#text += delta['content'];
      this.#onText(delta['content']);
    }
    const calls = Array.isArray(delta['tool_calls']) ? delta['tool_calls'] : [];
    for (const call of calls.filter(isObject)) this.#addCall(call);
  }

  answer(): Answer {
    return { text: this.#text, calls: this.#calls };
  }

  #addCall(delta: Record<string, unknown>): void {
    const index = Number(delta['index'] ?? 0);
    const call = this.#calls[index] ?? { id: '', name: '', arguments: '' };
    this.#calls[index] = call;
    const named = isObject(delta['function']) ? delta['function'] : {};
    if (typeof delta['id'] === 'string') call.id = delta['id'];
    if (typeof named['name'] === 'string') call.name += named['name'];
    if (typeof named['arguments'] === 'string') call.arguments += named['arguments'];
  }
}
