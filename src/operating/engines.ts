/** Which engine runs a deployment: decided by its backend, its source and what is installed. */

import type { Engine, EngineKind } from '../engines/engine.ts';
import type { DeploymentSpec } from '../fleet/deployment.ts';

/** An engine that is not installed: in words, beginning with `needs-engine`, with what installing it costs. */
export interface MissingEngine {
  readonly needs: string;
}

/** What decides. */
export type EngineWish = Pick<DeploymentSpec, 'backend' | 'engineVersion' | 'source'>;

/** All engines, as they are installed now. */
export interface Engines {
  /** What holds whether or not it is installed; throws RequestError where backend and source do not go together. */
  kind(deployment: EngineWish): EngineKind;
  choose(deployment: EngineWish): Engine | MissingEngine;
  /** The one that started an instance, by what was noted of it; absent = it is not there any more. */
  find(key: string): Engine | undefined;
}

/** Names one version of one engine in notes and verdicts. */
export function keyOfEngine({ name, version }: Pick<Engine, 'name' | 'version'>): string {
  return `${name} ${version}`;
}
