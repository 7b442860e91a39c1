/** Clients that change things all the time and know what the server has acknowledged: what they have in common. */

import { type Answer, type Caller, Refused } from './platform-caller.ts';
import type { Random } from './platform-random.ts';

/** One client: does one thing after the other, and tells after a new start whether the server remembers them. */
export interface Lane {
  /** Does one thing; rejects when the server is gone. */
  step(caller: Caller, random: Random): Promise<void>;
  /** Compares what is there with what was acknowledged: what is wrong, in words; then takes it as it is. */
  check(caller: Caller): Promise<readonly string[]>;
}

/** Request ids of all changes that were acknowledged since the last call. */
export class Receipts {
  #ids: string[] = [];

  /** Throws if the server refused. */
  take(method: string, path: string, answer: Answer): void {
    if (answer.status >= 300) throw new Refused(method, path, answer);
    this.#ids.push(answer.headers.get('x-request-id') ?? '');
  }

  drain(): readonly string[] {
    return this.#ids.splice(0);
  }
}

/** Asks models for answers; the one that nobody changes must always give one. */
export class AskingLane implements Lane {
  readonly #names: readonly string[];
  readonly #steady: string;

  constructor(steady: string, names: readonly string[]) {
    this.#steady = steady;
    this.#names = names;
  }

  async step(caller: Caller, random: Random): Promise<void> {
    const name = random.below(3) > 0 ? this.#steady : (random.pick(this.#names) ?? '');
    const { status, text } = await caller.chat(name);
    // Others may be stopped, on their way, cut off while they are deleted, or gone.
    const allowed = name === this.#steady ? [200] : [200, 404, 502, 503];
    if (!allowed.includes(status)) throw new Error(`asking ${name}: ${status} ${text}`);
  }

  async check(caller: Caller): Promise<readonly string[]> {
    const { status, text } = await caller.chat(this.#steady);
    return status === 200 ? [] : [`${this.#steady} answered with ${status} ${text}`];
  }
}
