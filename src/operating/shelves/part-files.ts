/** Unfinished downloads on the disk: what nobody goes on with is removed. */

import { rm, rmdir, stat } from 'node:fs/promises';
import { dirname, isAbsolute, relative, sep } from 'node:path';
import { walkFolder } from '../../models/on-disk/walk-folder.ts';
import { removeState } from '../../outbound/download-state.ts';
import { partPath } from '../../outbound/part-file.ts';

/** Who has not gone on with a download for so long will not. */
const keptMs = 14 * 24 * 3_600_000;

/** Removes what has come of `target`, and the folders below `top` that are empty then. */
export async function removePart(target: string, top: string): Promise<void> {
  await rm(partPath(target), { force: true });
  await removeState(target);
  await removeEmptyFolders(dirname(target), top);
}

/** Removes parts below `top` that were last written long before `nowMs` (Unix milliseconds); how many. */
export async function sweepParts(top: string, nowMs: number, signal: AbortSignal): Promise<number> {
  const { files } = await walkFolder(top, (name) => /\.part(?:\.json(?:\.new)?)?$/i.test(name), signal);
  let removed = 0;
  for (const { path } of files) {
    if (signal.aborted) break;
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || nowMs - found.mtimeMs < keptMs) continue;
    await rm(path, { force: true });
    await removeEmptyFolders(dirname(path), top);
    removed++;
  }
  return removed;
}

/** Upwards, as far as nothing else is in them. */
export async function removeEmptyFolders(from: string, top: string): Promise<void> {
  for (let folder = from; isInside(top, folder); folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch {
      return;
    }
  }
}

/** Does it lie in the folder, and is not the folder itself? */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
