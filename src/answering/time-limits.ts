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

/** The time of one answer; it runs from the making of this, and nobody waits any more once `signal` aborts. */
export class TimeLimits {
  readonly #clock: Clock;
  readonly #totalSeconds: number;
  /** Made once: each is asked for with every piece. */
  readonly #first: Limit;
  readonly #idle: Limit;
  readonly #endMs: number;
  readonly #signal: AbortSignal;

  constructor(timeouts: Deployment['timeouts'], clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    const { firstToken, idle, total } = { ...defaults, ...timeouts };
    this.#totalSeconds = total;
    this.#first = limitOf(firstToken, 'did not begin to answer within');
    this.#idle = limitOf(idle, 'sent nothing more for');
    this.#endMs = clock.nowMs() + total * 1000;
  }

  /** The same values; throws `engine_timeout` where the next one does not come in time, and never waits for the engine then. */
  async *watch<T>(values: AsyncIterable<T>, { begins, abort }: Watched<T>): AsyncGenerator<T, void, undefined> {
    const iterator = values[Symbol.asyncIterator]();
    const wait = new Wait(this.#signal);
    let hasBegun = false;
    let isWaiting = false;
    try {
      for (;;) {
        isWaiting = true;
        const step = await wait.for(iterator.next(), this.#limit(hasBegun));
        isWaiting = false;
        if (step.done === true) return;
        hasBegun ||= begins(step.value);
        yield step.value;
      }
    } finally {
      wait.close();
      abort();
      const closed = Promise.resolve(iterator.return?.()).catch(() => {});
      // One that has not answered would not answer this either.
      if (!isWaiting) await closed;
    }
  }

  /** An answer that comes at once or not at all, such as the tokens of a prompt. */
  async reply<T>(promise: Promise<T>): Promise<T> {
    const wait = new Wait(this.#signal);
    try {
      return await wait.for(promise, this.#limit(false));
    } finally {
      wait.close();
    }
  }

  #limit(hasBegun: boolean): Limit {
    const limit = hasBegun ? this.#idle : this.#first;
    const leftMs = this.#endMs - this.#clock.nowMs();
    if (leftMs >= limit.ms) return limit;
    const late = (): EngineError => tooLate(`The engine was not done within ${this.#totalSeconds} s`);
    return { ms: Math.max(0, leftMs), late };
  }
}

function limitOf(seconds: number, what: string): Limit {
  return { ms: seconds * 1000, late: () => tooLate(`The engine ${what} ${seconds} s`) };
}

function tooLate(what: string): EngineError {
  return new EngineError('engine_timeout', `${what}, and was given up.`);
}

/** Waits for one thing after another, each within its time, until the signal aborts. */
class Wait {
  readonly #signal: AbortSignal;
  /** Rejects what is waited for now; absent while nothing is. */
  #giveUp: ((reason: unknown) => void) | undefined;
  #late: Limit['late'] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerMs = 0;
  readonly #onAbort = (): void => this.#giveUp?.(this.#signal.reason);

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  for<T>(promise: Promise<T>, { ms, late }: Limit): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      this.#late = late;
      this.#wind(ms);
      promise.then(
        (value) => {
          this.#giveUp = undefined;
          resolve(value);
        },
        (thrown: unknown) => {
          this.#giveUp = undefined;
          reject(thrown);
        },
      );
      if (this.#signal.aborted) this.#onAbort();
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  /** A timer that is wound up again costs a tenth of a new one, and there is a piece for every token. */
  #wind(ms: number): void {
    if (this.#timer !== undefined && this.#timerMs === ms) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timerMs = ms;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#late !== undefined) this.#giveUp?.(this.#late());
    }, ms);
  }
}
