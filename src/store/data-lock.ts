/** One server per data directory: a lock that the system itself gives back, however the process ends. */

import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { isObject } from '../base/json.ts';
import { isBusy, translateAtStart } from './sqlite-errors.ts';
import { type SqliteFile, takeExclusively } from './sqlite-open.ts';

/** What is known of the server that holds a data directory; nothing in its first moments. */
export interface LockHolder {
  readonly pid?: number;
  /** Unix seconds at which it took the lock. */
  readonly startTime?: number;
  /** Where it answers. */
  readonly url?: string;
}

/** The lock, once it is ours. */
export interface DataLock {
  /** Lets others know where this server answers. */
  update(facts: { readonly url: string }): Promise<void>;
  release(): Promise<void>;
}

/** Either the lock, or who has it. */
export type LockResult =
  | { readonly isOurs: true; readonly lock: DataLock }
  | { readonly isOurs: false; readonly holder: LockHolder };

/** The locks of this process by folder; kept, or the garbage collector would give them back. */
const held = new Map<string, SqliteFile>();

/**
 * Takes a data directory for this process. The lock is SQLite's lock on the empty file `server.lock`: the kernel drops
 * it with the process, and it holds between containers, where process numbers mean nothing.
 */
export async function lockDataFolder(folder: string, clock: Clock): Promise<LockResult> {
  const factsPath = join(folder, 'server.json');
  const file = await tryTake(folder, 300);
  if (file === undefined) return { isOurs: false, holder: readHolder(factsPath) };
  const name = resolve(folder);
  held.set(name, file);
  const facts = { pid: process.pid, startTime: clock.unixSeconds() };
  await writeFacts(factsPath, facts);
  const lock: DataLock = {
    update: ({ url }) => writeFacts(factsPath, { ...facts, url }),
    release: async () => {
      if (held.get(name) !== file) return;
      held.delete(name);
      await rm(factsPath, { force: true });
      file.close();
    },
  };
  return { isOurs: true, lock };
}

/** Who holds a data directory; undefined = nobody. */
export async function holderOf(folder: string): Promise<LockHolder | undefined> {
  const file = await tryTake(folder, 0);
  file?.close();
  return file === undefined ? readHolder(join(folder, 'server.json')) : undefined;
}

/** Another process that holds a data directory; undefined = this one does, or nobody. */
export async function otherHolderOf(folder: string): Promise<LockHolder | undefined> {
  return held.has(resolve(folder)) ? undefined : holderOf(folder);
}

/** A server that starts waits a little: somebody may only be looking who holds the lock. */
async function tryTake(folder: string, waitMs: number): Promise<SqliteFile | undefined> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await takeExclusively(join(folder, 'server.lock'), waitMs);
  } catch (thrown) {
    if (isBusy(thrown)) return undefined;
    throw translateAtStart(thrown, folder);
  }
}

/** Renamed into place, so that nobody reads half of it. */
async function writeFacts(path: string, facts: LockHolder): Promise<void> {
  const aside = `${path}.new`;
  await writeFile(aside, `${JSON.stringify(facts)}\n`, { mode: 0o600 });
  await rename(aside, path);
}

function readHolder(path: string): LockHolder {
  try {
    const facts: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!isObject(facts)) return {};
    const { pid, startTime, url } = facts;
    return {
      ...(typeof pid === 'number' && { pid }),
      ...(typeof startTime === 'number' && { startTime }),
      ...(typeof url === 'string' && { url }),
    };
  } catch {
    return {};
  }
}
