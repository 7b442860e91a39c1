/** What one life of an instance is made of, how long its parts may take, and what the next server needs to go on with it. */

import { EngineError } from '../base/errors.ts';
import type { ChatClient, Engine, EngineAddress, EngineClient, Served } from '../engines/engine.ts';
import type { ModelSource } from '../fleet/model-source.ts';
import type { Run, RunRecord } from '../runtime/run.ts';

/** What the next server needs to go on with a running instance. */
export interface Adoptable {
  readonly run: RunRecord;
  readonly address: EngineAddress;
  /** By `keyOfEngine`. */
  readonly engine: string;
  /** Of the model that it runs: the deployment may have been edited since. */
  readonly source: ModelSource;
  /** What runs: the program and its arguments, word by word. */
  readonly command: readonly string[];
}

/** One life that has begun: an engine's process, or a connection to one that runs elsewhere. */
export interface Life {
  readonly engine: Engine;
  readonly address: EngineAddress;
  readonly served: Served;
  readonly run?: Run;
}

/** How long things may take, in milliseconds. */
export interface Patience {
  /** From the program's start to the model's first proof of life. */
  readonly startMs: number;
  /** For SIGTERM to work. */
  readonly graceMs: number;
  /** For running requests of an instance that is to end. */
  readonly drainMs: number;
  /** Between two questions whether it is well; a silent one is ailing, six times silent it has failed. */
  readonly healthMs: number;
  /** How long an engine may live without a server; instances that nothing keeps never do. */
  readonly leaseMs: number;
}

/** The connection to an engine that has begun; throws where it is not ready in time. */
export async function connectInTime(
  { engine, address, served }: Life,
  startMs: number,
  signal: AbortSignal,
): Promise<EngineClient | ChatClient> {
  const limit = AbortSignal.timeout(startMs);
  try {
    return await engine.connect(address, AbortSignal.any([signal, limit]), served);
  } catch (thrown) {
    throw limit.aborted ? startTooLong(startMs) : thrown;
  }
}

function startTooLong(ms: number): EngineError {
  return new EngineError('engine_timeout', `The engine was not ready within ${Math.round(ms / 1000)} s and was ended.`);
}
