/** Restarts a server without its engines: it is asked to leave them, and whoever starts it again is waited for. */

import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RequestError } from '../base/errors.ts';
import { holderOf, type LockHolder } from '../store/data-lock.ts';

/**
 * Tells a server to end and to leave its engines to the next one. Not SIGHUP: that is sent when a terminal closes, and
 * whoever was started by nohup must not hear it.
 */
export const leaveSignal = 'SIGUSR2';

/** How often it is looked who has the data directory. */
const lookMs = 200;

/** Ends the server of a data directory, however long its requests take; false = `signal` aborted before it had gone. */
export async function endLeavingEngines(dataFolder: string, signal: AbortSignal): Promise<boolean> {
  const holder = await holderOf(dataFolder);
  if (holder === undefined) throw new RequestError('not_found', `No server runs on the data directory ${dataFolder}.`);
  tellToLeave(holder, dataFolder);
  return (await waitFor(dataFolder, signal, (now) => !isSame(now, holder))).isMet;
}

/** The address of the server that has the data directory next; undefined = nobody answered in time. */
export async function nextServer(dataFolder: string, patienceMs: number): Promise<string | undefined> {
  const { holder } = await waitFor(dataFolder, AbortSignal.timeout(patienceMs), (now) => now?.url !== undefined);
  return holder?.url;
}

function tellToLeave({ pid }: LockHolder, dataFolder: string): void {
  if (pid === undefined) throw new RequestError('conflict', 'The server is only just starting; try again in a moment.');
  if (!hasOpen(pid, join(dataFolder, 'server.lock'))) {
    const message =
      `The server on ${dataFolder} runs where this command cannot see it, perhaps in a container. ` +
      `Send ${leaveSignal} to its process there, for example: docker kill --signal=${leaveSignal} NAME`;
    throw new RequestError('conflict', message);
  }
  try {
    process.kill(pid, leaveSignal);
  } catch (cause) {
    const message = `The server (process ${pid}) belongs to another user; run this command as that user.`;
    throw new RequestError('conflict', message, { cause });
  }
}

/** A number may mean another process here than where the server runs; only Linux tells which files one has open. */
function hasOpen(pid: number, path: string): boolean {
  if (process.platform !== 'linux') return true;
  try {
    const folder = `/proc/${pid}/fd`;
    const wanted = realpathSync(path);
    return readdirSync(folder).some((name) => targetOf(join(folder, name)) === wanted);
  } catch (thrown) {
    // Somebody else's process: whether it may be told shows when it is.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EACCES';
  }
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

function isSame(now: LockHolder | undefined, { pid, startTime }: LockHolder): boolean {
  return now !== undefined && now.pid === pid && now.startTime === startTime;
}

async function waitFor(
  dataFolder: string,
  signal: AbortSignal,
  fits: (holder: LockHolder | undefined) => boolean,
): Promise<{ readonly isMet: boolean; readonly holder?: LockHolder | undefined }> {
  while (!signal.aborted) {
    const holder = await holderOf(dataFolder);
    if (fits(holder)) return { isMet: true, holder };
    await sleep(lookMs, undefined, { signal }).catch(() => {});
  }
  return { isMet: false };
}
