/** Who can answer for a model now: implemented by `operating/`, used by `answering/`. */

import type { Deployment } from '../fleet/deployment.ts';
import type { InstanceId } from '../fleet/instance.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { ChatClient, EngineClient } from './engine.ts';

/** A ready instance. */
export interface Candidate {
  readonly instance: InstanceId;
  readonly deployment: Deployment;
  readonly spec: ModelSpec;
  readonly client: EngineClient | ChatClient;
  /** Must be called once the request is over: the instance may then be unloaded or replaced. */
  release(): void;
}

/** The fleet as a request sees it. */
export interface Roster {
  /** The deployment that serves this name, if any. */
  find(modelName: string): Deployment | undefined;
  deployments(): readonly Deployment[];
  /** A ready instance of it; waits while one is starting (until `signal` aborts); throws UnavailableError. */
  acquire(deployment: Deployment, signal: AbortSignal): Promise<Candidate>;
}
