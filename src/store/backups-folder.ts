/** The copies of the database, and which of them is the newest. */

import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { timeInName } from './data-folder.ts';

/** Time and version are in the name, so that the order of names is the order of times. */
const namePattern = /^aimindserve-\d{8}T\d{6}-v(\d+)\.db$/;

/** Where a copy of a database of `version`, made `now` (Unix seconds), is put; the folder is there afterwards. */
export async function newBackupPath(
  folder: string,
  { version, now }: { readonly version: number; readonly now: number },
): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return join(folder, `aimindserve-${timeInName(now)}-v${version}.db`);
}

/** The newest copy, of `version` at most; undefined = there is none. */
export function newestBackup(folder: string, version = Number.MAX_SAFE_INTEGER): string | undefined {
  const fitting = namesIn(folder).filter((name) => Number(namePattern.exec(name)?.[1]) <= version);
  const last = fitting.sort().at(-1);
  return last === undefined ? undefined : join(folder, last);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
