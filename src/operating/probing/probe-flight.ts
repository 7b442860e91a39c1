/** One probe under way that several callers wait for: it ends early when the last of them has left. */

import { UnavailableError } from '../../base/errors.ts';
import type { ToolVerdict } from '../../fleet/tool-verdict.ts';

/** A probe and those who wait for its verdict; it begins with the first of them. */
export class ProbeFlight {
  /** Somebody is waiting for it, so it waits for nobody. */
  isUrgent = false;
  readonly #run: (signal: AbortSignal) => Promise<ToolVerdict>;
  readonly #stop = new AbortController();
  #result: Promise<ToolVerdict> | undefined;
  #waiting = 0;
  #settle = (): void => {};
  /** Resolves when it is over, however. */
  readonly ended = new Promise<void>((resolve) => {
    this.#settle = resolve;
  });

  constructor(run: (signal: AbortSignal) => Promise<ToolVerdict>) {
    this.#run = run;
  }

  /** Can one more wait for it? */
  get isOpen(): boolean {
    return !this.#stop.signal.aborted;
  }

  /** The verdict; rejects with the reason of `signal` if that aborts first. */
  async join(signal: AbortSignal): Promise<ToolVerdict> {
    this.#waiting++;
    try {
      signal.throwIfAborted();
      this.#result ??= this.#run(this.#stop.signal).finally(this.#settle);
      return await unlessAborted(this.#result, signal);
    } finally {
      this.#waiting--;
      if (this.#waiting === 0) this.#end();
    }
  }

  /** Ends it for all; resolves when it has ended. */
  async close(): Promise<void> {
    this.#end(new UnavailableError('shutting_down', 'The server is shutting down.'));
    await this.ended;
  }

  #end(reason?: unknown): void {
    this.#stop.abort(reason);
    if (this.#result === undefined) this.#settle();
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
