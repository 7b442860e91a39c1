/** What a folder takes on the disk. */

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The bytes of all files in it and below it; links count as what they are, not as what they lead to. */
export async function sizeOfFolder(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) sum += await sizeOfFolder(path);
    else if (entry.isFile()) sum += (await lstat(path)).size;
  }
  return sum;
}
