/** The calls under way, each with a signal that ends with its connection or with the server. */

import type { ServerResponse } from 'node:http';

/** One set for a server: a signal that lives long must not collect a listener for every request there ever was. */
export class OpenCalls {
  readonly #open = new Set<AbortController>();
  readonly #closing: AbortSignal;

  constructor(closing: AbortSignal) {
    this.#closing = closing;
    closing.addEventListener('abort', () => this.#endAll(), { once: true });
  }

  /** Aborts when the client leaves, the answer is out, or the server stops. */
  signalOf(response: ServerResponse): AbortSignal {
    const controller = new AbortController();
    this.#open.add(controller);
    response.once('close', () => {
      this.#open.delete(controller);
      controller.abort();
    });
    if (this.#closing.aborted) controller.abort();
    return controller.signal;
  }

  #endAll(): void {
    for (const controller of this.#open) controller.abort();
  }
}
