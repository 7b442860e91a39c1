/** One server-sent event stream on a socket: late headers, signs of life, backpressure, and an end for stalled readers. */

import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { sseComment } from '../base/sse.ts';
import type { HttpLimits } from './limits.ts';

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

/** Writes frames as fast as the client takes them. */
export class StreamReply {
  readonly #reply: FastifyReply;
  readonly #limits: HttpLimits;
  #isOpen = false;
  #isBlocked = false;
  #life: NodeJS.Timeout | undefined;

  constructor(reply: FastifyReply, limits: HttpLimits) {
    this.#reply = reply;
    this.#limits = limits;
  }

  /** Have the headers been sent? From then on failures are frames. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get #response(): ServerResponse {
    return this.#reply.raw;
  }

  /** Sends status 200 and the headers, once. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#reply.hijack();
    const own = Object.entries(this.#reply.getHeaders()).filter(([, value]) => value !== undefined);
    for (const [name, value] of own) if (value !== undefined) this.#response.setHeader(name, value);
    this.#response.writeHead(200, streamHeaders);
    this.#response.flushHeaders();
    this.#life = setInterval(() => this.#showLife(), this.#limits.keepAliveMs);
    this.#response.once('close', () => clearInterval(this.#life));
  }

  /** Resolves when the client can take more, or is gone. */
  async write(text: string): Promise<void> {
    if (this.#isGone) return;
    this.#life?.refresh();
    if (this.#response.write(text)) return;
    this.#isBlocked = true;
    await settledWithin(this.#response, 'drain', this.#limits.stallMs);
    this.#isBlocked = false;
  }

  /** Sends the last frames; resolves when the client has them, or is gone. */
  async end(text: string): Promise<void> {
    clearInterval(this.#life);
    if (this.#isGone) return;
    this.#response.end(text);
    await settledWithin(this.#response, 'finish', this.#limits.stallMs);
  }

  get #isGone(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  #showLife(): void {
    if (!this.#isBlocked && !this.#isGone) this.#response.write(sseComment('keep-alive'));
  }
}

/** Waits for the event, or for the end of the connection, which is brought about if nothing happens in time. */
export function settledWithin(response: ServerResponse, event: 'drain' | 'finish', timeMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed || (event === 'finish' && response.writableFinished)) {
      resolve();
      return;
    }
    const timer = setTimeout(() => response.destroy(), timeMs);
    const settle = (): void => {
      clearTimeout(timer);
      response.off(event, settle);
      response.off('close', settle);
      resolve();
    };
    response.once(event, settle);
    response.once('close', settle);
  });
}
