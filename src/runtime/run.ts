/** A run is one life of an instance's program, under a guard of its own that outlives the server. */

import type { InstanceId } from '../fleet/instance.ts';
import type { LaunchPlan } from './launch-plan.ts';

/** What to start. */
export interface RunOrder {
  readonly instanceId: InstanceId;
  /** 1, 2, … of this instance; one that an earlier server used and did not remember replaces that run. */
  readonly run: number;
  readonly plan: LaunchPlan;
  /** The program ends when no server has been there for so long; 0 = as soon as the one that started it is gone. */
  readonly leaseMs: number;
  /** How long the program may take to end after SIGTERM, before SIGKILL. */
  readonly graceMs: number;
}

/** Plain data that the store keeps, so that the next server can adopt the run. */
export interface RunRecord {
  readonly instanceId: InstanceId;
  readonly run: number;
  readonly guardPid: number;
  /** Opaque; with the number it names a process for good, because numbers are given out again. */
  readonly guardStartTime: string;
  readonly enginePid: number;
  readonly engineStartTime: string;
  /** The guard listens here. */
  readonly socketPath: string;
  /** What the guard wants to hear first. A secret. */
  readonly token: string;
  /** Unix seconds. */
  readonly startedAt: number;
}

/** How a run ended. */
export interface RunEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Did it need SIGKILL? */
  readonly killed: boolean;
  /** The guard died first: code and signal are not known. */
  readonly lostGuard?: true;
  /** The last lines it wrote, for operators. */
  readonly logTail: string;
  readonly ranMs: number;
}

/** A program that was started or adopted. */
export interface Run {
  readonly record: RunRecord;
  /** Never rejects; stays open once `leave` was called. */
  readonly ended: Promise<RunEnd>;
  /** SIGTERM to its group, its grace, SIGKILL; resolves when it is reaped. A second call is the same stop. */
  stop(): Promise<RunEnd>;
  /** Lets go of it without ending it: its lease begins, and another server may adopt it. */
  leave(): void;
}

/** A place where runs happen: this machine, later a cluster. */
export interface Runtime {
  /** Resolves when the program's process exists; rejects if there cannot be one, and says why. */
  start(order: RunOrder): Promise<Run>;
  /** The run as it goes on; undefined = it is gone or not ours, and what was left of it has been ended. */
  adopt(record: RunRecord): Promise<Run | undefined>;
  /** How a run ended that nobody watched; undefined = it goes on, or nothing is known of it any more. */
  endOf(record: RunRecord): RunEnd | undefined;
  /**
   * Ends every run of this data directory that is neither in `known` nor was started or adopted here, and forgets
   * instances of long ago.
   */
  strays(known: readonly RunRecord[]): Promise<void>;
}
