/** Keeps what is remembered of runs within bounds. */

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { InstanceId } from '../fleet/instance.ts';
import { listRunStates } from './read-run-state.ts';
import { instanceFolder, logFolder, type RunName } from './run-files.ts';

/** Runs of an instance that are remembered, the newest included. */
const keptRuns = 10;
/** Instances that are remembered; those that the command line declares are new ones at each start of a server. */
const keptInstances = 50;

/** Removes a run's state and log. */
export function forgetRun(dataFolder: string, { instanceId, run }: RunName): void {
  forgetWhere(dataFolder, instanceId, (number) => number === run);
}

/** Removes the runs that are too long ago, seen from the one that begins. */
export function forgetOldRuns(dataFolder: string, { instanceId, run }: RunName): void {
  forgetWhere(dataFolder, instanceId, (number) => number <= run - keptRuns);
}

/** Removes all runs of an instance. */
export function forgetInstance(dataFolder: string, instanceId: InstanceId): void {
  for (const place of placesOf(dataFolder, instanceId)) rmSync(place, { recursive: true, force: true });
}

/** Removes the instances whose last run ended longest ago, beyond the number that is remembered. */
export function forgetOldInstances(dataFolder: string): void {
  const endings = new Map<InstanceId, number>();
  for (const { instanceId, end, endedAt, startedAt } of listRunStates(dataFolder)) {
    const endingAt = end === undefined ? Number.POSITIVE_INFINITY : (endedAt ?? startedAt);
    endings.set(instanceId, Math.max(endings.get(instanceId) ?? 0, endingAt));
  }
  const newestFirst = [...endings].sort(([, a], [, b]) => (a === b ? 0 : b - a));
  for (const [instanceId, endingAt] of newestFirst.slice(keptInstances))
    if (Number.isFinite(endingAt)) forgetInstance(dataFolder, instanceId);
}

function forgetWhere(dataFolder: string, instanceId: InstanceId, isForgotten: (run: number) => boolean): void {
  for (const place of placesOf(dataFolder, instanceId)) {
    for (const name of entries(place)) {
      const run = /^(\d+)\.(?:json|log|log\.1)$/.exec(name)?.[1];
      if (run !== undefined && isForgotten(Number(run))) rmSync(join(place, name), { force: true });
    }
  }
}

function placesOf(dataFolder: string, instanceId: InstanceId): readonly string[] {
  return [logFolder(dataFolder, instanceId), instanceFolder(dataFolder, instanceId)];
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
