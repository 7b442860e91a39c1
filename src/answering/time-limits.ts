/** How long an engine may take: to begin, to go on, and in all; one that takes longer is given up. */

import type { Clock } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import type { Deployment } from '../fleet/deployment.ts';

/** Where the deployment does not say, in seconds: a long prompt may be read for minutes, a token takes a moment. */
const defaults = { firstToken: 600, idle: 120, total: 3_600 };

/** How a stream is watched. */
export interface Watched<T> {
  /** Is this a part of the answer? Until one has come the engine counts as reading the prompt. */
  readonly begins: (value: T) => boolean;
  /** Tells the engine to stop. */
  readonly abort: () => void;
}

interface Limit {
  readonly ms: number;
  readonly late: () => EngineError;
}

/** The time of one answer; it runs from the making of this. */
export class TimeLimits {
  readonly #clock: Clock;
  readonly #seconds: typeof defaults;
  readonly #endMs: number;

  constructor(timeouts: Deployment['timeouts'], clock: Clock) {
    this.#clock = clock;
    this.#seconds = { ...defaults, ...timeouts };
    this.#endMs = clock.nowMs() + this.#seconds.total * 1000;
  }

  /** The same values; throws `engine_timeout` where the next one does not come in time, and never waits for the engine then. */
  async *watch<T>(values: AsyncIterable<T>, { begins, abort }: Watched<T>): AsyncGenerator<T, void, undefined> {
    const iterator = values[Symbol.asyncIterator]();
    let hasBegun = false;
    let isWaiting = false;
    try {
      for (;;) {
        isWaiting = true;
        const step = await within(iterator.next(), this.#limit(hasBegun));
        isWaiting = false;
        if (step.done === true) return;
        hasBegun ||= begins(step.value);
        yield step.value;
      }
    } finally {
      abort();
      const closed = Promise.resolve(iterator.return?.()).catch(() => {});
      // One that has not answered would not answer this either.
      if (!isWaiting) await closed;
    }
  }

  /** An answer that comes at once or not at all, such as the tokens of a prompt. */
  reply<T>(promise: Promise<T>): Promise<T> {
    return within(promise, this.#limit(false));
  }

  #limit(hasBegun: boolean): Limit {
    const { firstToken, idle, total } = this.#seconds;
    const seconds = hasBegun ? idle : firstToken;
    const leftMs = this.#endMs - this.#clock.nowMs();
    if (leftMs < seconds * 1000)
      return { ms: Math.max(0, leftMs), late: () => tooLate(`The engine was not done within ${total} s`) };
    const what = hasBegun ? 'sent nothing more for' : 'did not begin to answer within';
    return { ms: seconds * 1000, late: () => tooLate(`The engine ${what} ${seconds} s`) };
  }
}

function tooLate(what: string): EngineError {
  return new EngineError('engine_timeout', `${what}, and was given up.`);
}

function within<T>(promise: Promise<T>, { ms, late }: Limit): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
