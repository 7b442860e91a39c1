/** One request that waits for a place: it is given one, refused, or leaves by itself. */

import type { AppError } from '../../base/errors.ts';
import type { Candidate, PlaceWish, WaitingEvent } from '../../engines/roster.ts';
import type { Deployment } from '../../fleet/deployment.ts';
import type { InLine } from './waiting-line.ts';

type Settled = { readonly candidate: Candidate } | { readonly refusal: unknown };

/** When a wait ends in vain. */
export interface WaitEnd {
  readonly signal: AbortSignal;
  readonly withinMs: number;
  readonly expired: () => AppError;
}

/** A wait; what settles it first counts. */
export class Waiter implements InLine {
  readonly caller: string;
  readonly deployment: Deployment;
  readonly wish: PlaceWish;
  /** Gives up the demand that keeps the deployment loaded. */
  readonly leave: () => void;
  #settled: Settled | undefined;
  #wake: (() => void) | undefined;
  #told = '';

  constructor(deployment: Deployment, wish: PlaceWish, leave: () => void) {
    this.caller = wish.caller ?? '';
    this.deployment = deployment;
    this.wish = wish;
    this.leave = leave;
  }

  get isWaiting(): boolean {
    return this.#settled === undefined;
  }

  give(candidate: Candidate): void {
    this.#settle({ candidate });
  }

  refuse(refusal: unknown): void {
    this.#settle({ refusal });
  }

  /** Tells what has changed since it was told last. */
  tell(event: WaitingEvent): void {
    const words = `${event.stage} ${event.position}`;
    if (words === this.#told) return;
    this.#told = words;
    this.wish.tell?.(event);
  }

  /** Resolves with the place; rejects with the refusal, the signal's reason, or what `expired` says. */
  async outcome({ signal, withinMs, expired }: WaitEnd): Promise<Candidate> {
    if (this.#settled === undefined) {
      const onAbort = (): void => this.refuse(signal.reason);
      const timer = setTimeout(() => this.refuse(expired()), withinMs);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      if (this.isWaiting)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
    return this.#result();
  }

  #result(): Candidate {
    const settled = this.#settled;
    if (settled !== undefined && 'candidate' in settled) return settled.candidate;
    throw settled?.refusal;
  }

  #settle(settled: Settled): void {
    if (this.#settled !== undefined) return;
    this.#settled = settled;
    this.#wake?.();
  }
}
