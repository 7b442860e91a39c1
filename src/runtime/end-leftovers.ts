/** Ends what is left of a run whose guard no longer does it; never touches a process that is not the run's own. */

import { removeSocket } from './guard/socket-place.ts';
import { isRunning, killMarked, type ProcessName, signal } from './process-table.ts';
import { readLogTail } from './read-log.ts';
import { readRunState } from './read-run-state.ts';
import type { RunEnd } from './run.ts';
import { logPath, markOf, type RunState, writeRunState } from './run-files.ts';

/** How often it is looked whether a process is gone. */
const lookMs = 20;
/** A guard's own grace ends first. */
const slackMs = 500;
/** How long killed processes, and a guard that writes down the end, may take. */
const lastMs = 2_000;

/** Ends the run's processes, gently first, and returns how it ended; writes that down if its guard did not. */
export async function endLeftovers(dataFolder: string, state: RunState, graceMs: number): Promise<RunEnd> {
  const guard: ProcessName = { pid: state.guardPid, startTime: state.guardStartTime };
  const engine = engineOf(state);
  const isEngineThere = (): boolean => engine !== undefined && isRunning(engine);
  // A sound guard stops its program when it is asked to end. One request is enough: to many programs a second means haste.
  const hasGuard = isRunning(guard);
  if (hasGuard) signal(guard.pid, 'SIGTERM');
  else if (engine !== undefined && isEngineThere()) signal(-engine.pid, 'SIGTERM');
  await until(() => !isEngineThere(), hasGuard ? graceMs + slackMs : graceMs);
  const killed = isEngineThere();
  if (engine !== undefined && killed) signal(-engine.pid, 'SIGKILL');
  await until(() => !isRunning(guard) && !isEngineThere(), lastMs);
  if (isRunning(guard)) signal(guard.pid, 'SIGKILL');
  killMarked(markOf(state));
  await until(() => !isRunning(guard) && !isEngineThere(), lastMs);
  removeSocket(state.socketPath);
  return readRunState(dataFolder, state)?.end ?? noteEnd(dataFolder, state, killed);
}

function engineOf({ enginePid, engineStartTime }: RunState): ProcessName | undefined {
  return enginePid === undefined || engineStartTime === undefined
    ? undefined
    : { pid: enginePid, startTime: engineStartTime };
}

function noteEnd(dataFolder: string, state: RunState, killed: boolean): RunEnd {
  const endedAt = Math.floor(Date.now() / 1000);
  const logTail = readLogTail(logPath(dataFolder, state));
  const ranMs = Math.max(0, endedAt - state.startedAt) * 1000;
  const end: RunEnd = { code: null, signal: null, killed, lostGuard: true, logTail, ranMs };
  try {
    writeRunState({ ...state, end, endedAt });
  } catch {
    // A full disk: the next server finds nobody there and comes to the same end.
  }
  return end;
}

async function until(fact: () => boolean, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!fact() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, lookMs));
}
