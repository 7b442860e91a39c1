/** Starts and ends processes; the only room that signals one. */

import type { LaunchPlan } from './launch-plan.ts';

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Did it need SIGKILL? */
  readonly killed: boolean;
  /** The last lines it wrote, for operators. */
  readonly logTail: string;
}

/** A process that was started. */
export interface RunningProcess {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  /** SIGTERM to its group, `graceMs`, SIGKILL; resolves when it is reaped. */
  stop(graceMs: number): Promise<ProcessEnd>;
}

/** A place where processes run: this machine, later a cluster. */
export interface Runtime {
  start(plan: LaunchPlan): RunningProcess;
}
