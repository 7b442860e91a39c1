/** Reads what guards wrote and say; anything else is as good as nothing. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Field } from '../base/decode.ts';
import type { InstanceId } from '../fleet/instance.ts';
import type { RunEnd } from './run.ts';
import { instanceFolder, isInstanceId, type RunName, type RunState, statePath } from './run-files.ts';

/** The state of a run; undefined = there is none that can be read. */
export function readRunState(dataFolder: string, { instanceId, run }: RunName): RunState | undefined {
  try {
    const folder = instanceFolder(dataFolder, instanceId);
    const state = decodeRunState(JSON.parse(readFileSync(statePath(folder, run), 'utf8')));
    return state.folder === folder && state.instanceId === instanceId && state.run === run ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Every run that has a state in this data directory. */
export function listRunStates(dataFolder: string): RunState[] {
  const instances = entries(join(dataFolder, 'instances')).filter(isInstanceId);
  return instances.flatMap((instanceId) => listStatesOf(dataFolder, instanceId));
}

/** The states of one instance's runs, in no order. */
export function listStatesOf(dataFolder: string, instanceId: InstanceId): RunState[] {
  const names = entries(instanceFolder(dataFolder, instanceId)).flatMap(
    (name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [],
  );
  return names.flatMap((run) => readRunState(dataFolder, { instanceId, run: Number(run) }) ?? []);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Throws unless the value has the shape of a state. */
export function decodeRunState(value: unknown): RunState {
  const field = new Field(value);
  const enginePid = field.get('enginePid').optional((pid) => pid.integer(2));
  const engineStartTime = field.get('engineStartTime').optional((time) => time.string());
  const endedAt = field.get('endedAt').optional((time) => time.integer());
  const end = field.get('end').optional(decodeRunEnd);
  const instanceId = field.get('instanceId').string();
  if (!isInstanceId(instanceId)) throw field.get('instanceId').invalid('it cannot name a folder');
  return {
    instanceId,
    run: field.get('run').integer(1),
    folder: field.get('folder').string(),
    token: field.get('token').string(),
    socketPath: field.get('socketPath').string(),
    graceMs: field.get('graceMs').number(0),
    guardPid: field.get('guardPid').integer(2),
    guardStartTime: field.get('guardStartTime').string(),
    startedAt: field.get('startedAt').integer(),
    ...(enginePid !== undefined && { enginePid }),
    ...(engineStartTime !== undefined && { engineStartTime }),
    ...(endedAt !== undefined && { endedAt }),
    ...(end !== undefined && { end }),
  };
}

/** Throws unless the field has the shape of an end. */
export function decodeRunEnd(field: Field): RunEnd {
  const lost = field.get('lostGuard').optional((flag) => flag.boolean()) === true;
  return {
    code: field.get('code').optional((code) => code.integer()) ?? null,
    signal: field.get('signal').optional((name) => name.string()) ?? null,
    killed: field.get('killed').boolean(),
    logTail: field.get('logTail').string(),
    ranMs: field.get('ranMs').number(0),
    ...(lost && { lostGuard: true }),
  };
}
