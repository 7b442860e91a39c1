/** Where a run keeps its files, and the one that says where it stands: written by its guard, read by any server. */

import { mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bug } from '../base/errors.ts';
import type { InstanceId } from '../fleet/instance.ts';
import type { RunEnd } from './run.ts';

/** Names a run. */
export interface RunName {
  readonly instanceId: InstanceId;
  readonly run: number;
}

/** What `<run>.json` holds. */
export interface RunState extends RunName {
  /** The folder it was written to; a copy of it elsewhere speaks of another's processes. */
  readonly folder: string;
  readonly token: string;
  readonly socketPath: string;
  readonly graceMs: number;
  readonly guardPid: number;
  readonly guardStartTime: string;
  /** Absent until the program was started. */
  readonly enginePid?: number;
  readonly engineStartTime?: string;
  /** Unix seconds. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly end?: RunEnd;
}

/** The data directory under the one name that states and sockets are compared by; made if it is not there. */
export function openDataFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return realpathSync(path);
}

/** Can this text name an instance, and so a folder? */
export function isInstanceId(text: string): text is InstanceId {
  return /^\w[\w-]{0,63}$/.test(text);
}

/** The folder of an instance: the states and sockets of its runs. */
export function instanceFolder(dataFolder: string, instanceId: InstanceId): string {
  return join(dataFolder, 'instances', checked(instanceId));
}

/** The folder of an instance's logs. */
export function logFolder(dataFolder: string, instanceId: InstanceId): string {
  return join(dataFolder, 'logs', 'instances', checked(instanceId));
}

/** A run's log; what was written before its last turn lies beside it, with `.1` at the end. */
export function logPath(dataFolder: string, { instanceId, run }: RunName): string {
  return join(logFolder(dataFolder, instanceId), `${run}.log`);
}

/** A run's state in its instance's folder. */
export function statePath(folder: string, run: number): string {
  return join(folder, `${run}.json`);
}

/** Writes the state so that a reader sees the old or the new one, never a part. */
export function writeRunState(state: RunState): void {
  const path = statePath(state.folder, state.run);
  const fresh = `${path}.${process.pid}.new`;
  try {
    writeFileSync(fresh, JSON.stringify(state), { mode: 0o600 });
    renameSync(fresh, path);
  } catch (cause) {
    rmSync(fresh, { force: true });
    throw cause;
  }
}

/** What a run's program and its helpers carry in their environment. */
export function markOf(state: Pick<RunState, 'instanceId' | 'run' | 'guardPid' | 'guardStartTime'>): string {
  return `${state.instanceId}/${state.run}/${state.guardPid}/${state.guardStartTime}`;
}

function checked(instanceId: InstanceId): string {
  const text: string = instanceId;
  if (!isInstanceId(text)) throw new Bug(`'${text}' cannot name a folder`);
  return text;
}
