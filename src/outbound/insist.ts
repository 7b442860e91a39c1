/** Trying again after failures that may pass: with growing pauses, and not for ever. */

import { setTimeout as wait } from 'node:timers/promises';
import { type AppError, isAppError } from '../base/errors.ts';

/** Waits; rejects when the signal aborts. */
export type Pause = (delayMs: number, signal: AbortSignal) => Promise<void>;

/** Waits by the system's timers. */
export const pauseByTimer: Pause = async (delayMs, signal) => {
  await wait(delayMs, undefined, { signal });
};

const mostFailures = 8;
const longestPauseMs = 30_000;
/** A server that asks for more patience than this has refused. */
const longestRetryAfterSeconds = 300;
/** A try that brought this much was no failure of the way, only of luck; fewer bytes count as nothing. */
const enoughBytes = 1024 * 1024;

/** What insisting depends on. */
export interface Insistence {
  readonly signal: AbortSignal;
  readonly pause: Pause;
  /** How many bytes this way has brought so far. */
  readonly bytes: () => number;
}

/** Repeats `attempt` until it succeeds, fails for good, or eight tries in a row have brought nothing. */
export async function insist<T>(way: Insistence, attempt: () => Promise<T>): Promise<T> {
  let failures = 0;
  for (;;) {
    const before = way.bytes();
    try {
      return await attempt();
    } catch (error) {
      failures = way.bytes() - before >= enoughBytes ? 1 : failures + 1;
      if (way.signal.aborted || !mayPass(error) || failures >= mostFailures) throw error;
      await way.pause(pauseMs(failures, error.detail.retryAfter), way.signal);
    }
  }
}

function mayPass(error: unknown): error is AppError {
  return isAppError(error) && error.retryable && (error.detail.retryAfter ?? 0) <= longestRetryAfterSeconds;
}

/** 0.5 s, doubled at each failure, or as long as the server asks for. */
function pauseMs(failures: number, retryAfter: number | undefined): number {
  return Math.max(Math.min(250 * 2 ** failures, longestPauseMs), (retryAfter ?? 0) * 1000);
}
