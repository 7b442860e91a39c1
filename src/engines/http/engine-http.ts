/** Asks an engine over HTTP: bounded answers, server-sent events, and its failures in our words. */

import { type AppError, EngineError, isAppError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { readSseData } from '../../base/sse-reader.ts';
import type { Outbound, OutboundRequest, OutboundResponse } from '../../outbound/outbound.ts';

/** Whom to ask. */
export interface EngineHttpSettings {
  /** Without a slash at its end; paths are put behind it. */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For people: whose failure it is. */
  readonly who: string;
  /** What an answer other than 2xx means; absent = the engine's fault. Names of headers are in lower case. */
  readonly refusal?: (status: number, text: string, headers: OutboundResponse['headers']) => AppError;
}

/** One engine's HTTP interface. Every function throws the signal's reason once that aborts. */
export interface EngineHttp {
  /** Throws EngineError where no answer comes within `timeoutMs`, and the refusal's error where it is none of 2xx. */
  get(path: string, signal: AbortSignal, timeoutMs?: number): Promise<string>;
  post(path: string, body: Json, signal: AbortSignal, timeoutMs?: number): Promise<string>;
  /**
   * The data of each event, `[DONE]` included, or a whole body of JSON from a server that does not stream; however it
   * ends, the connection is gone then.
   */
  stream(path: string, body: Json, signal: AbortSignal): AsyncGenerator<string, void, undefined>;
}

/**
 * A connection for each request, for engines on this machine: they end idle ones after a few seconds, and a request that
 * was just being sent over one would fail though the engine is well.
 */
export const ownConnection: Readonly<Record<string, string>> = { connection: 'close' };

/** For small questions. */
const usualTimeoutMs = 30_000;
/** How long the first token may take is bounded where requests are answered, for all engines alike. */
const streamTimeoutMs = 24 * 3_600_000;
const maxAnswerBytes = 64 << 20;
const maxEventCharacters = 16 << 20;
const maxRefusalBytes = 64 << 10;
const minKeyLength = 8;

/** Makes it. */
export function createEngineHttp(outbound: Pick<Outbound, 'request'>, settings: EngineHttpSettings): EngineHttp {
  const { baseUrl, headers, who } = settings;
  const hush = withoutKey(headers);
  const send = async (path: string, options: OutboundRequest & { readonly signal: AbortSignal }) => {
    const response = await translated(who, options.signal, () =>
      outbound.request(baseUrl + path, { maxRedirects: 0, ...options, headers: { ...headers, ...options.headers } }),
    );
    if (response.status >= 200 && response.status < 300) return response;
    const text = hush(await translated(who, options.signal, () => readText(response, maxRefusalBytes)));
    throw settings.refusal?.(response.status, text, response.headers) ?? refused(who, response.status, text);
  };
  const read = async (path: string, options: OutboundRequest & { readonly signal: AbortSignal }) => {
    const response = await send(path, options);
    return hush(await translated(who, options.signal, () => readText(response, maxAnswerBytes)));
  };
  return {
    get: (path, signal, timeoutMs = usualTimeoutMs) => read(path, { signal, timeoutMs, idleTimeoutMs: timeoutMs }),
    post: (path, body, signal, timeoutMs = usualTimeoutMs) =>
      read(path, { ...posted(body), signal, timeoutMs, idleTimeoutMs: timeoutMs }),
    async *stream(path, body, signal) {
      const times = { timeoutMs: streamTimeoutMs, idleTimeoutMs: streamTimeoutMs };
      const response = await send(path, { ...posted(body), ...times, signal });
      try {
        if (isJson(response)) yield hush(await readText(response, maxAnswerBytes));
        else for await (const data of readSseData(response.body, maxEventCharacters)) yield hush(data);
      } catch (thrown) {
        throw toEngineError(who, signal, thrown);
      } finally {
        response.cancel();
      }
    },
  };
}

/** Takes the key out of what comes back: some servers quote it, and what they say is told to clients and logs. */
function withoutKey({ authorization = '' }: Readonly<Record<string, string>>): (text: string) => string {
  const key = authorization.replace(/^Bearer /, '');
  // A shorter one would be found in any text.
  return key.length < minKeyLength ? (text) => text : (text) => text.replaceAll(key, '[key]');
}

function posted(body: Json): Pick<OutboundRequest, 'method' | 'headers' | 'body'> {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: toJson(body) };
}

function isJson({ headers }: OutboundResponse): boolean {
  return headers['content-type']?.startsWith('application/json') ?? false;
}

/** Half a code point, which JavaScript writes as an escape of its own, is no JSON to most others. */
function toJson(body: Json): string {
  const text = JSON.stringify(body);
  if (!/\\ud[89a-f]/.test(text)) return text;
  return JSON.stringify(body, (_, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value));
}

async function readText(response: OutboundResponse, maxBytes: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of response.body) {
      size += piece.length;
      if (size > maxBytes) throw new EngineError('engine_protocol', `The engine sent more than ${maxBytes} bytes.`);
      pieces.push(piece);
    }
  } finally {
    response.cancel();
  }
  return Buffer.concat(pieces).toString('utf8');
}

async function translated<T>(who: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw toEngineError(who, signal, thrown);
  }
}

/** Outside, a broken connection is a server that cannot be reached; here it is an engine that is gone. */
function toEngineError(who: string, signal: AbortSignal, thrown: unknown): unknown {
  if (signal.aborted) return signal.reason;
  if (!isAppError(thrown) || thrown.code !== 'outbound_failed') return thrown;
  return new EngineError('engine_crashed', `${who} cannot be reached, or broke off.`, {
    internal: thrown.message,
    cause: thrown,
  });
}

function refused(who: string, status: number, text: string): EngineError {
  const internal = `${who} answered ${status}: ${text.slice(0, 2_000)}`;
  return new EngineError('engine_protocol', `${who} refused the request (${status}).`, { internal });
}
