/** Slows down guessing: each failure beyond a few makes the next wait longer; memory is bounded. */

import { LimitError } from '../../base/errors.ts';

/** How patient a throttle is. */
export interface Patience {
  /** So many failures cost nothing. */
  readonly free: number;
  /** The wait after the next one is a second, then twice as long each time, at most this. */
  readonly longestWaitMs: number;
}

/** How long after its last failure a name or address is forgotten. */
const forgetMs = 3_600_000;
const firstWaitMs = 1_000;
/** Beyond this many the ones whose last failure is longest ago are forgotten. */
const mostRemembered = 10_000;

interface Failures {
  readonly count: number;
  readonly lastMs: number;
}

/** Failures by name or by address. */
export class Throttle {
  readonly #patience: Patience;
  /** In order of their last failure. */
  readonly #failures = new Map<string, Failures>();

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  /** Milliseconds to wait before the next attempt. */
  waitMs(who: string, nowMs: number): number {
    const known = this.#of(who, nowMs);
    const beyond = (known?.count ?? 0) - this.#patience.free;
    if (known === undefined || beyond <= 0) return 0;
    const wait = Math.min(this.#patience.longestWaitMs, firstWaitMs * 2 ** Math.min(beyond - 1, 30));
    return Math.max(0, known.lastMs + wait - nowMs);
  }

  /** An attempt begins: it counts as a failure until it is known better, so that many at once gain nothing. */
  begin(who: string, nowMs: number): void {
    const count = (this.#of(who, nowMs)?.count ?? 0) + 1;
    this.#failures.delete(who);
    this.#failures.set(who, { count, lastMs: nowMs });
    for (const [oldest, { lastMs }] of this.#failures) {
      if (this.#failures.size <= mostRemembered && nowMs - lastMs < forgetMs) break;
      this.#failures.delete(oldest);
    }
  }

  /** The attempt was right after all. */
  takeBack(who: string): void {
    const known = this.#failures.get(who);
    if (known === undefined) return;
    if (known.count <= 1) this.#failures.delete(who);
    else this.#failures.set(who, { ...known, count: known.count - 1 });
  }

  /** All is forgiven. */
  forget(who: string): void {
    this.#failures.delete(who);
  }

  /** How many names or addresses are remembered. */
  get size(): number {
    return this.#failures.size;
  }

  #of(who: string, nowMs: number): Failures | undefined {
    const known = this.#failures.get(who);
    return known !== undefined && nowMs - known.lastMs < forgetMs ? known : undefined;
  }
}

/** Throws `too_many_attempts` where there is a wait. */
export function refuseWhile(waitMs: number): void {
  if (waitMs <= 0) return;
  const retryAfter = Math.ceil(waitMs / 1000);
  const message = `Too many failed sign-ins; the next is possible in ${retryAfter} s.`;
  throw new LimitError('too_many_attempts', message, { retryAfter });
}
