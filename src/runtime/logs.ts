/** Logs of runs: listed, read from their end, followed while they grow, and forgotten. */

import { statSync } from 'node:fs';
import type { InstanceId } from '../fleet/instance.ts';
import { followLog } from './follow-log.ts';
import { forgetInstance } from './forget-runs.ts';
import { readLastLines } from './read-log.ts';
import { listStatesOf, readRunState } from './read-run-state.ts';
import type { RunEnd } from './run.ts';
import { logPath, openDataFolder, type RunName } from './run-files.ts';

/** A run, for lists. */
export interface RunSummary {
  readonly run: number;
  /** Unix seconds. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Absent while it goes on. */
  readonly end?: RunEnd;
  readonly logBytes: number;
}

/** What to follow, and until when. */
export interface LogWish extends RunName {
  /** How many of the lines that are there already come first. */
  readonly lines: number;
  readonly signal: AbortSignal;
}

/** The logs of a data directory. */
export interface Logs {
  /** The runs of an instance that are remembered, newest first. */
  list(instanceId: InstanceId): readonly RunSummary[];
  /** The last lines as they were written, colours included; empty if nothing is kept. */
  tail(name: RunName, lines: number): string;
  /** The last lines and all that comes, until the run has ended or the signal aborts. */
  follow(wish: LogWish): AsyncIterable<string>;
  /** Forgets all runs of an instance; none may be going on. */
  remove(instanceId: InstanceId): void;
}

/** Opens the logs of a data directory. */
export function createLogs(dataFolder: string): Logs {
  const folder = openDataFolder(dataFolder);
  return {
    list: (instanceId) => listRuns(folder, instanceId),
    tail: (name, lines) => readLastLines(logPath(folder, name), lines).toString('utf8'),
    follow: ({ lines, signal, instanceId, run }) => {
      const name = { instanceId, run };
      const isOver = (): boolean => {
        const state = readRunState(folder, name);
        return state === undefined || state.end !== undefined;
      };
      return followLog({ path: logPath(folder, name), lines, isOver, signal });
    },
    remove: (instanceId) => forgetInstance(folder, instanceId),
  };
}

function listRuns(dataFolder: string, instanceId: InstanceId): RunSummary[] {
  const runs = listStatesOf(dataFolder, instanceId).map((state) => {
    const path = logPath(dataFolder, state);
    const logBytes = sizeOf(path) + sizeOf(`${path}.1`);
    const { run, startedAt, endedAt, end } = state;
    return { run, startedAt, logBytes, ...(endedAt !== undefined && { endedAt }), ...(end !== undefined && { end }) };
  });
  return runs.sort((a, b) => b.run - a.run);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
