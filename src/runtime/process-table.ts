/** Which process a number means: numbers are given out again, a number with its start time is not. */

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The variable that marks a run's program and everything it starts. */
export const markName = 'AIMINDSERVE_RUN';

/** A process for good. */
export interface ProcessName {
  readonly pid: number;
  readonly startTime: string;
}

/** When the process began, as opaque text; undefined = there is none. A zombie still has a start. */
export function startTimeOf(pid: number): string | undefined {
  return lookUp(pid)?.startTime;
}

/** Does this very process still run? */
export function isRunning({ pid, startTime }: ProcessName): boolean {
  const found = lookUp(pid);
  return found?.startTime === startTime && !found.isZombie;
}

/** Sends a signal to a process (or, negative, to a group); one that is gone is no error. */
export function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: nobody is left.
  }
}

/** Kills whoever carries the mark, also what left its group; where the system does not tell, nobody. */
export function killMarked(mark: string): void {
  if (process.platform !== 'linux') return;
  const wanted = `\0${markName}=${mark}\0`;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    if (`\0${readOrNothing(`/proc/${name}/environ`)}\0`.includes(wanted)) signal(Number(name), 'SIGKILL');
  }
}

interface Found {
  readonly startTime: string;
  readonly isZombie: boolean;
}

function lookUp(pid: number): Found | undefined {
  return process.platform === 'linux' ? lookUpInProc(pid) : lookUpByPs(pid);
}

/** Clock ticks since the boot that the number belongs to: proc(5), fields 3 and 22 of `stat`; a name may hold anything. */
function lookUpInProc(pid: number): Found | undefined {
  const stat = readOrNothing(`/proc/${pid}/stat`);
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields[18];
  if (ticks === undefined) return undefined;
  const boot = readOrNothing('/proc/sys/kernel/random/boot_id').slice(0, 8);
  return { startTime: `${ticks}@${boot}`, isZombie: state === 'Z' || state === 'X' };
}

/** POSIX `ps`; in one language and time zone, because the texts are compared. */
function lookUpByPs(pid: number): Found | undefined {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const options = ['-o', 'stat=,lstart=', '-p', String(pid)];
  const { stdout } = spawnSync('ps', options, { encoding: 'utf8', env, timeout: 5_000 });
  const [, state = '', startTime] = /^\s*(\S+)\s+(.+?)\s*$/.exec(stdout ?? '') ?? [];
  return startTime === undefined ? undefined : { startTime, isZombie: state.startsWith('Z') };
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
