/** Where a guard's socket can be: systems allow its path about a hundred bytes. */

import { mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, the closing zero included. */
const maxPathBytes = 103;
const prefix = 'aimindserve-';

/** A path in `folder`, or in a folder of our own under the system's temporary one where that is too long. */
export function placeSocket(folder: string, name: string): string {
  const path = join(folder, name);
  if (Buffer.byteLength(path) <= maxPathBytes) return path;
  // A long TMPDIR would not help.
  const short = Buffer.byteLength(tmpdir()) < 60 ? tmpdir() : '/tmp';
  return join(mkdtempSync(join(short, prefix)), name);
}

/** Removes the socket, and the folder that was made for it; what is gone already, or not ours after all, stays as it is. */
export function removeSocket(path: string): void {
  try {
    rmSync(path, { force: true });
    const folder = dirname(path);
    if (basename(folder).startsWith(prefix)) rmdirSync(folder);
  } catch {
    // Nothing depends on it: a socket without a listener is nobody's.
  }
}
