/** The limits of one key or one deployment against what it has under way and had in the last minute. */

import { LimitError } from '../base/errors.ts';
import type { KeyLimits } from '../fleet/api-key.ts';
import { MinuteWindow } from './admission-window.ts';

/** The limits that a gauge knows; absent = none. */
export type GaugeLimits = Pick<KeyLimits, 'requestsPerMinute' | 'tokensPerMinute' | 'concurrency'>;

/** What was taken, to be corrected and given back. */
interface Taken {
  readonly tokens: number;
  readonly second: number;
}

/** Requests and tokens of the last minute, and requests under way. */
export class Gauge {
  readonly #requests = new MinuteWindow();
  readonly #tokens = new MinuteWindow();
  #underWay = 0;

  /** Throws `rate_limited` if one more request of so many tokens is too much; `whose` says whose limit it is. */
  check(limits: GaugeLimits, tokens: number, { whose, nowMs }: { readonly whose: string; readonly nowMs: number }) {
    const { concurrency, requestsPerMinute, tokensPerMinute } = limits;
    if (concurrency !== undefined && this.#underWay >= concurrency)
      throw limited(`${whose} allows ${concurrency} requests at once`, 1);
    const wait = this.#requests.waitMs(1, requestsPerMinute ?? Infinity, nowMs);
    if (wait > 0) throw limited(`${whose} allows ${requestsPerMinute} requests a minute`, wait / 1000);
    const tokenWait = this.#tokens.waitMs(tokens, tokensPerMinute ?? Infinity, nowMs);
    if (tokenWait === Infinity) throw tooLarge(`${whose} allows ${tokensPerMinute} tokens a minute`, tokens);
    if (tokenWait > 0) {
      const reason = `${whose} allows ${tokensPerMinute} tokens a minute, this request may need ${tokens}`;
      throw limited(reason, tokenWait / 1000);
    }
  }

  /** Counts a request that passed. */
  take(tokens: number, nowMs: number): Taken {
    this.#underWay++;
    this.#requests.add(1, nowMs);
    return { tokens, second: this.#tokens.add(tokens, nowMs) };
  }

  /** The request is over and cost `tokens`. */
  giveBack(taken: Taken, tokens: number, nowMs: number): void {
    this.#underWay--;
    this.#tokens.correct(taken.second, tokens - taken.tokens, nowMs);
  }

  /** Is there nothing left to remember? */
  isIdle(nowMs: number): boolean {
    return this.#underWay === 0 && this.#requests.total(nowMs) === 0 && this.#tokens.total(nowMs) === 0;
  }

  /** The `x-ratelimit-*` headers, as OpenAI spells them. */
  headers({ requestsPerMinute, tokensPerMinute }: GaugeLimits, nowMs: number): Record<string, string> {
    return {
      ...headersOf('requests', { window: this.#requests, limit: requestsPerMinute, nowMs }),
      ...headersOf('tokens', { window: this.#tokens, limit: tokensPerMinute, nowMs }),
    };
  }
}

interface Shown {
  readonly window: MinuteWindow;
  readonly limit: number | undefined;
  readonly nowMs: number;
}

function headersOf(what: 'requests' | 'tokens', { window, limit, nowMs }: Shown): Record<string, string> {
  if (limit === undefined) return {};
  return {
    [`x-ratelimit-limit-${what}`]: `${limit}`,
    [`x-ratelimit-remaining-${what}`]: `${Math.max(0, Math.floor(limit - window.total(nowMs)))}`,
    [`x-ratelimit-reset-${what}`]: durationOf(window.resetMs(nowMs)),
  };
}

/** `340ms`, `7.5s`, `1m0s`: how OpenAI writes the time until a limit is whole again. */
export function durationOf(ms: number): string {
  if (ms < 1_000) return `${Math.ceil(ms)}ms`;
  const hundredths = Math.ceil(ms / 10);
  const minutes = Math.floor(hundredths / 6_000);
  const seconds = (hundredths % 6_000) / 100;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

function limited(reason: string, seconds: number): LimitError {
  const retryAfter = Math.ceil(seconds);
  return new LimitError('rate_limited', `${reason}; try again in ${retryAfter} s.`, { retryAfter });
}

/** More than the limit even alone: waiting does not help. */
function tooLarge(reason: string, tokens: number): LimitError {
  const message = `${reason}, and this request may need ${tokens}: shorten the prompt, or ask for fewer max_tokens.`;
  return new LimitError('rate_limited', message);
}
