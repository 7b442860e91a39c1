/** Where things lie in a data directory, and what the file system says when they do not. */

import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** The database of a data directory. */
export function databasePath(folder: string): string {
  return join(folder, 'aimindserve.db');
}

/** Where copies are put before an upgrade. */
export function backupsFolder(folder: string): string {
  return join(folder, 'backups');
}

/** Is it the file system's error of this name? */
export function isErrno(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}

/** A moment (Unix seconds) as it stands in file names: `20261121T142530`. */
export function timeInName(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
}

/** Makes what was written to a file, or renamed in a folder, survive a power cut. */
export async function syncToDisk(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
