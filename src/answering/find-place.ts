/** Where a request is answered: a place at a replica, after a failure at another one, then at the deployments behind it. */

import { type AppError, Bug, toAppError } from '../base/errors.ts';
import { PushStream } from '../base/stream.ts';
import type { ChatEvent } from '../chat/event.ts';
import type { Candidate, PlaceWish, Roster, WaitingEvent } from '../engines/roster.ts';
import type { Deployment } from '../fleet/deployment.ts';
import type { InstanceId } from '../fleet/instance.ts';
import type { Ticket } from './admission.ts';
import { soonerOf } from './sooner-refusal.ts';

/** So many engines may fail one request: it may be the request that breaks them. */
const maxTries = 4;
/** So many replicas of one deployment. */
const maxReplicas = 3;

/** What a search is made of. */
export interface SearchParts {
  readonly roster: Roster;
  /** In the order in which they are asked. */
  readonly deployments: readonly Deployment[];
  readonly wish: Pick<PlaceWish, 'affinity' | 'caller'>;
  /** Counts the request where it is asked. */
  readonly ticket?: Pick<Ticket, 'move'>;
}

/** The search of one request. */
export class PlaceSearch {
  readonly #parts: SearchParts;
  #index = 0;
  #tries = 0;
  /** Of the deployment that is asked now. */
  #failed = new Set<InstanceId>();
  #failure: AppError | undefined;
  /** Why there is no place, of the deployments that were passed by. */
  #refusal: AppError | undefined;

  constructor(parts: SearchParts) {
    this.#parts = parts;
  }

  /** The next place, with what is told on the way to it; throws the last engine's failure, or why there is no place. */
  async *next(signal: AbortSignal): AsyncGenerator<ChatEvent, Candidate, undefined> {
    for (;;) {
      const deployment = this.#parts.deployments[this.#index];
      if (deployment === undefined)
        throw this.#failure ?? this.#refusal ?? new Bug('a request was routed to no deployment');
      try {
        return yield* this.#acquire(deployment, signal);
      } catch (thrown) {
        const error = toAppError(thrown);
        if (signal.aborted || (error.kind !== 'unavailable' && error.kind !== 'limit')) throw thrown;
        this.#passBy(error);
      }
    }
  }

  /** A replica failed; may another be asked? */
  mayGoOn(candidate: Candidate, failure: AppError): boolean {
    if (failure.kind === 'limit') return this.#passBy(failure);
    if (!isElsewhereBetter(failure)) return false;
    this.#tries++;
    this.#failure = failure;
    this.#failed.add(candidate.instance);
    if (this.#failed.size >= maxReplicas) this.#goOn();
    return this.#tries < maxTries;
  }

  /** The whole deployment has no room, or is not there; true = `next` asks another, or says so. */
  #passBy(refusal: AppError): true {
    this.#refusal = soonerOf(this.#refusal, refusal);
    this.#goOn();
    return true;
  }

  #goOn(): void {
    this.#index++;
    this.#failed = new Set();
  }

  async *#acquire(deployment: Deployment, signal: AbortSignal): AsyncGenerator<ChatEvent, Candidate, undefined> {
    const { roster, wish, ticket } = this.#parts;
    ticket?.move(deployment);
    const told = new PushStream<WaitingEvent>();
    const except = this.#failed.size > 0 && { except: this.#failed };
    const waiting = roster.acquire(deployment, signal, { ...wish, ...except, tell: (event) => told.push(event) });
    waiting.then(
      () => told.end(),
      () => told.end(),
    );
    let isTaken = false;
    try {
      yield* told;
      const candidate = await waiting;
      isTaken = true;
      return candidate;
    } finally {
      // Its reader stopped while it waited.
      if (!isTaken) waiting.then(({ release }) => release()).catch(() => {});
    }
  }
}

/** Is it the engine's fault, so that another may do better? */
function isElsewhereBetter({ kind, code, retryable }: AppError): boolean {
  return (kind === 'engine' && retryable) || code === 'outbound_failed';
}
