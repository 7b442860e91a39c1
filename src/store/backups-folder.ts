/** The copies of the database that the program makes by itself, and which of them is the newest. */

import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { timeInName } from './data-folder.ts';
import { copySqlite, type SqliteFile } from './sqlite-open.ts';

/** Time and version are in the name, so that the order of names is the order of times. */
const namePattern = /^aimindserve-\d{8}T\d{6}-v(\d+)\.db$/;

/** Copies a database of an older version into the folder; the copy's path. */
export async function backUpBefore(
  file: SqliteFile,
  { backupsFolder, version, now }: { readonly backupsFolder: string; readonly version: number; readonly now: number },
): Promise<string> {
  await mkdir(backupsFolder, { recursive: true, mode: 0o700 });
  const target = join(backupsFolder, `aimindserve-${timeInName(now)}-v${version}.db`);
  await copySqlite(file, target);
  return target;
}

/** The newest copy, of `version` at most; undefined = there is none. */
export function newestBackup(backupsFolder: string, version = Number.MAX_SAFE_INTEGER): string | undefined {
  const fitting = namesIn(backupsFolder).filter((name) => Number(namePattern.exec(name)?.[1]) <= version);
  const last = fitting.sort().at(-1);
  return last === undefined ? undefined : join(backupsFolder, last);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
