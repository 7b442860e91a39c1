/** Asking a hub: bounded bodies, bounded time, its refusals as our errors, its answers as what a stranger wrote. */

import { Field } from '../../base/decode.ts';
import { type AppError, isAppError, RequestError, UnavailableError } from '../../base/errors.ts';
import type { Outbound, OutboundRequest, OutboundResponse } from '../../outbound/outbound.ts';
import { type Refusal, refusalError } from './hub-refusal.ts';

/** What a hub is made of. */
export interface HubParts {
  readonly outbound: Outbound;
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** Asked at each request, for it may be set or changed while we run; never part of a message or an address. */
  readonly token: () => string | undefined;
}

/** What a question is about, for messages, and who may end it. */
export interface HubSubject {
  readonly repository?: string;
  readonly revision?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What the hub said, for operators. */
  readonly said?: string | undefined;
}

/** A hub's answer, read whole; `isCut`: more came than was wanted. */
export interface HubAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly isCut: boolean;
}

/** How one hub differs from the others. */
export interface HubManners {
  readonly title: string;
  /** How a token is shown to this hub. */
  credentials(token: string): Readonly<Record<string, string>>;
  /** What an answer refuses; undefined = it is a good one. */
  refusal(answer: HubAnswer, asked: HubSubject & { readonly hasToken: boolean }): Refusal | undefined;
}

/** Largest JSON answer that is read. */
const maxJsonBytes = 16 * 2 ** 20;
/** For one whole answer, however slowly it drips. */
const maxAnswerMs = 60_000;

/** A hub at its endpoint; paths are relative to it and carry their query, so no answer can lead elsewhere. */
export class HubConnection {
  readonly #parts: HubParts;
  readonly #manners: HubManners;

  constructor(parts: HubParts, manners: HubManners) {
    this.#parts = parts;
    this.#manners = manners;
  }

  /** What every request carries. */
  headers(): Readonly<Record<string, string>> {
    const token = this.#parts.token();
    return token === undefined ? {} : this.#manners.credentials(token);
  }

  /** The error for a refusal that was found elsewhere than in a status. */
  refusal(refusal: Refusal, path: string, subject: HubSubject): AppError {
    const hasToken = this.#parts.token() !== undefined;
    return refusalError(refusal, { ...subject, hub: this.#manners.title, hasToken, path: withoutQuery(path) });
  }

  /** The JSON at `path`, read with `read`; whatever is wrong with it is the hub's fault, never a crash. */
  async json<T>(path: string, subject: HubSubject, read: (root: Field, answer: HubAnswer) => T): Promise<T> {
    const answer = await this.#ask(path, subject, maxJsonBytes);
    if (answer.isCut) throw this.#strange(path, `answered more than ${maxJsonBytes} bytes`);
    try {
      return read(new Field(parseJson(answer.text)), answer);
    } catch (cause) {
      if (!isAppError(cause) || cause.kind !== 'request' || cause.code === 'download_refused') throw cause;
      throw this.#strange(path, `answered something that cannot be understood (${cause.message})`, cause);
    }
  }

  /** The beginning of the text at `path`. */
  async text(path: string, subject: HubSubject, maxBytes: number): Promise<string> {
    return (await this.#ask(path, subject, maxBytes)).text;
  }

  /** Throws if a file may not be had; reads none of it. */
  async head(path: string, subject: HubSubject): Promise<void> {
    const response = await this.#request(path, { method: 'HEAD', maxRedirects: 0, ...signalOf(subject.signal) });
    response.cancel();
    this.#refuse(path, subject, { ...response, text: '', isCut: false });
  }

  /** Does anything come back in this time? */
  async answers(withinMs: number): Promise<boolean> {
    try {
      const response = await this.#request('/', { method: 'HEAD', maxRedirects: 0, timeoutMs: withinMs });
      response.cancel();
      return true;
    } catch (error) {
      if (isAppError(error) && error.code === 'outbound_failed') return false;
      throw error;
    }
  }

  async #ask(path: string, subject: HubSubject, maxBytes: number): Promise<HubAnswer> {
    const limit = AbortSignal.timeout(maxAnswerMs);
    const signal = subject.signal === undefined ? limit : AbortSignal.any([subject.signal, limit]);
    try {
      const response = await this.#request(path, { signal });
      const answer = { status: response.status, headers: response.headers, ...(await readText(response, maxBytes)) };
      this.#refuse(path, subject, answer);
      return answer;
    } catch (cause) {
      if (subject.signal?.aborted === true || !limit.aborted) throw cause;
      throw this.#strange(path, `took longer than ${maxAnswerMs / 1000} s`, cause);
    }
  }

  #request(path: string, options: OutboundRequest): Promise<OutboundResponse> {
    const { outbound, endpoint } = this.#parts;
    return outbound.request(endpoint + path, { headers: this.headers(), ...options });
  }

  #refuse(path: string, subject: HubSubject, answer: HubAnswer): void {
    const hasToken = this.#parts.token() !== undefined;
    const refusal = this.#manners.refusal(answer, { ...subject, hasToken });
    if (refusal !== undefined) throw this.refusal(refusal, path, { ...subject, said: wordsOf(answer) });
  }

  #strange(path: string, what: string, cause?: unknown): UnavailableError {
    const message = `${this.#manners.title} ${what}, asked for ${withoutQuery(path)}.`;
    return new UnavailableError('outbound_failed', message, { cause });
  }
}

/** The hub's own words, for operators. */
const wordsOf = ({ headers, text }: HubAnswer) => (headers['x-error-message'] ?? text).slice(0, 500);

const withoutQuery = (path: string) => path.split('?', 1)[0] ?? path;

const signalOf = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });

async function readText(response: OutboundResponse, maxBytes: number): Promise<{ text: string; isCut: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  let room = maxBytes;
  for await (const piece of response.body) {
    text += decoder.decode(piece.subarray(0, room), { stream: true });
    room -= piece.byteLength;
    if (room >= 0) continue;
    response.cancel();
    return { text, isCut: true };
  }
  return { text: text + decoder.decode(), isCut: false };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RequestError('invalid_json', 'it is not JSON', { cause });
  }
}
