/** Who can answer for a model now: implemented by `operating/`, used by `answering/`. */

import type { AppError } from '../base/errors.ts';
import type { ChatEvent } from '../chat/event.ts';
import type { Deployment } from '../fleet/deployment.ts';
import type { InstanceId } from '../fleet/instance.ts';
import type { ModelRoute } from '../fleet/model-route.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { ChatClient, EngineClient } from './engine.ts';

/** How a request ended for its instance: `answered`, or the engine's failure; absent = nobody knows. */
export type Outcome = 'answered' | AppError;

/** A ready instance with a place for one request. */
export interface Candidate {
  readonly instance: InstanceId;
  readonly deployment: Deployment;
  readonly spec: ModelSpec;
  readonly client: EngineClient | ChatClient;
  /** Must be called once the request is over: its place is given to the next, and what it tells decides about trust. */
  release(outcome?: Outcome): void;
}

/** What a request tells while it waits. */
export type WaitingEvent = Extract<ChatEvent, { type: 'progress' }>;

/** What a request says of itself to be given a good place. */
export interface PlaceWish {
  /** Requests of the same affinity go to the same instance while that is not clearly busier than the others. */
  readonly affinity?: string;
  /** Whose turn it is: callers who wait take turns. */
  readonly caller?: string;
  /** Instances that have failed this request; it waits for no other to start. */
  readonly except?: ReadonlySet<InstanceId>;
  /** Told when it begins to wait, and now and then as it moves up. */
  readonly tell?: (event: WaitingEvent) => void;
}

/** The fleet as a request sees it. */
export interface Roster {
  /** The deployment that serves this name, if any; of those behind a route the one that is asked first. */
  find(modelName: string, affinity?: string): Deployment | undefined;
  /** Those that serve this name, in the order in which they are asked: one, or all behind a route; empty = none does. */
  behind(modelName: string, affinity: string): readonly Deployment[];
  deployments(): readonly Deployment[];
  /** Names that stand for several deployments. */
  routes(): readonly ModelRoute[];
  /**
   * A ready instance of it with a free place; waits in line while all are taken and while one is starting (until
   * `signal` aborts); throws UnavailableError, and LimitError where the line is full.
   */
  acquire(deployment: Deployment, signal: AbortSignal, wish?: PlaceWish): Promise<Candidate>;
}
