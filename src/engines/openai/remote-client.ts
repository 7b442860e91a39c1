/** A connection to a remote server: each answer is a request of its own, so that it lasts until the server refuses us. */

import type { Clock } from '../../base/clock.ts';
import { EngineError, isAppError, RequestError } from '../../base/errors.ts';
import type { ChatEvent } from '../../chat/event.ts';
import { hasPictures, withoutPictures } from '../../chat/pictures.ts';
import type { ChatRequest } from '../../chat/request.ts';
import { refusedStatus } from '../../wire/openai-chat/client-failure.ts';
import type { ChatClient, EngineStats } from '../engine.ts';
import type { EngineHttp } from '../http/engine-http.ts';
import { type Refusable, refusesOurs } from './prove-refusal.ts';
import { refusesTools } from './prove-tools.ts';
import { readModels } from './remote-models.ts';

/** What a connection is made of. */
export interface RemoteParts {
  readonly http: EngineHttp;
  readonly clock: Clock;
  readonly who: string;
  readonly host: string;
  /** Asks it; it has just answered. */
  readonly converse: ChatClient['converse'];
  /** Has it been seen to call tools? */
  readonly tools: boolean;
  /** 0 = unknown. */
  readonly contextSize: number;
  /** Requests that it is given at once. */
  readonly slots: number;
}

/** A server that answered so lately is not asked whether it is well. */
const trustMs = 30_000;

/** Opens it; nothing is sent yet. What the server refuses later it is not sent again. */
export function openRemote(parts: RemoteParts): ChatClient {
  return new Remote(parts);
}

class Remote implements ChatClient {
  readonly abilities: { tools: boolean; images: boolean };
  readonly device: string;
  readonly contextPerSlot: number;
  readonly closed: Promise<string>;
  readonly #parts: RemoteParts;
  readonly #ask: ChatClient['converse'];
  readonly #ending = new AbortController();
  #end: (reason: string) => void = () => {};
  #provenMs: number;
  #running = 0;
  #decodedTokens = 0;

  constructor(parts: RemoteParts) {
    this.#parts = parts;
    this.abilities = { tools: parts.tools, images: true };
    this.device = `remote server ${parts.host}`;
    this.contextPerSlot = parts.contextSize;
    this.#ask = parts.converse;
    this.#provenMs = parts.clock.nowMs();
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async *converse(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent, void, undefined> {
    const both = AbortSignal.any([signal, this.#ending.signal]);
    this.#running++;
    let isBegun = false;
    try {
      for await (const event of this.#ask(request, both)) {
        isBegun = true;
        yield this.#noted(event);
      }
    } catch (thrown) {
      if (await this.#isForbidden(thrown, both)) throw forbidden(this.#parts.who, thrown);
      this.#learn(thrown);
      if (request.tools.length > 0 && (await this.#isRefused('tools', { thrown, isRefusal: refusesTools }, both)))
        throw this.#unlearnTools(thrown);
      const mayDoWithout = !isBegun && hasPictures(request);
      if (!mayDoWithout || !(await this.#isRefused('pictures', { thrown, isRefusal: isAboutPictures }, both)))
        throw thrown;
      this.abilities.images = false;
      yield* this.#withoutPictures(request, both);
    } finally {
      this.#running--;
    }
  }

  /** Asks for little, and only when nothing was heard of the server for a while. */
  async stats(): Promise<EngineStats> {
    const { http, clock, slots } = this.#parts;
    if (clock.nowMs() - this.#provenMs > trustMs) {
      try {
        await readModels(http, this.#ending.signal);
        this.#provenMs = clock.nowMs();
      } catch (thrown) {
        this.#learn(thrown);
        // Who is asked too much is there.
        if (!isAppError(thrown) || thrown.kind !== 'limit') throw thrown;
      }
    }
    return {
      slots,
      busySlots: this.#running,
      queued: 0,
      contextPerSlot: this.contextPerSlot,
      decodedTokens: this.#decodedTokens,
    };
  }

  close(): void {
    const message = `The connection to ${this.device} was closed.`;
    this.#ending.abort(new EngineError('engine_crashed', message));
    this.#end(message);
  }

  async *#withoutPictures(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent, void, undefined> {
    const { request: plain, warnings } = withoutPictures(request);
    for (const warning of warnings) yield { type: 'warning', warning };
    for await (const event of this.#ask(plain, signal)) yield this.#noted(event);
  }

  /** Of everybody, and not only in this one request? */
  async #isRefused(
    what: Refusable,
    { thrown, isRefusal }: { readonly thrown: unknown; readonly isRefusal: (thrown: unknown) => boolean },
    signal: AbortSignal,
  ): Promise<boolean> {
    return isRefusal(thrown) && refusesOurs(this.#ask, { what, isRefusal }, signal);
  }

  /** Is it only this request that the server does not want? Some guard their doors by what requests say. */
  async #isForbidden(thrown: unknown, signal: AbortSignal): Promise<boolean> {
    const isRefusal = (each: unknown): boolean => refusedStatus(each) === 403;
    return isRefusal(thrown) && !(await this.#isRefused('text', { thrown, isRefusal }, signal));
  }

  #noted(event: ChatEvent): ChatEvent {
    if (event.type === 'usage') this.#decodedTokens += event.usage.completionTokens;
    this.#provenMs = this.#parts.clock.nowMs();
    return event;
  }

  /** Seen of servers that call tools when they must, and refuse to choose. */
  #unlearnTools(cause: unknown): EngineError {
    this.abilities.tools = false;
    const message = `${this.#parts.who} refuses tools. From now on its model is taught them in the prompt: ask again.`;
    return new EngineError('engine_protocol', message, { cause });
  }

  /** A server that failed is looked at again soon; one that refuses the key stays lost until it is connected to anew. */
  #learn(thrown: unknown): void {
    if (!isAppError(thrown)) return;
    if (thrown.kind === 'engine') this.#provenMs = Number.NEGATIVE_INFINITY;
    const status = refusedStatus(thrown);
    if (status === 401 || status === 403) this.#end(thrown.message);
  }
}

function forbidden(who: string, cause: unknown): RequestError {
  const message = `${who} refuses what this request says (403), and answers others.`;
  return new RequestError('invalid_value', message, { cause });
}

function isAboutPictures(thrown: unknown): boolean {
  if (!isAppError(thrown) || thrown.kind !== 'request') return false;
  return /image|vision|multi-?modal|content.{0,40}(string|type)/i.test(
    `${thrown.message} ${thrown.detail.param ?? ''}`,
  );
}
