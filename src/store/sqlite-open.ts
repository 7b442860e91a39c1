/** Opens an SQLite file with whichever library this Node has: its own, or the package that copies its interface. */

import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BackupOptions, DatabaseSyncInstance, DatabaseSyncOptions } from '@photostructure/sqlite';
import { syncToDisk } from './data-folder.ts';

/** An open database; the interface of `node:sqlite`. */
export type SqliteFile = DatabaseSyncInstance;

/** What of the library is used. */
interface Library {
  readonly DatabaseSync: new (path: string, options?: DatabaseSyncOptions) => SqliteFile;
  readonly backup: (source: SqliteFile, target: string, options?: BackupOptions) => Promise<number>;
}

/** While a file is opened, another process may be reading or closing its log. */
const openTimeoutMs = 5_000;

/** `node:sqlite` is grown up since Node 24. */
async function library(): Promise<Library> {
  const isBuiltIn = Number(process.versions.node.split('.', 1)[0]) >= 24;
  // By a variable, since the types of Node 20 do not know the module.
  const name = 'node:sqlite';
  const found: Library = isBuiltIn ? await import(name) : await import('@photostructure/sqlite');
  return found;
}

/** Opens (or makes) a database. */
export async function openSqlite(path: string): Promise<SqliteFile> {
  const { DatabaseSync } = await library();
  // Made here, so that password hashes are never readable by others, not even for a moment.
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
  return new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: openTimeoutMs });
}

/**
 * Sets a database up for one writer beside many readers.
 * Each acknowledged write is synced to the disk (`synchronous=FULL`): killing the process would lose nothing without it,
 * but a power cut must not bring back a revoked key. Hot counters are written in batches, so that a sync costs little.
 */
export function setUp(file: SqliteFile): void {
  file.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF');
}

/** Opens a file that is not changed. */
export async function openReadOnly(path: string): Promise<SqliteFile> {
  const { DatabaseSync } = await library();
  return new DatabaseSync(path, { readOnly: true, timeout: openTimeoutMs });
}

/** Locks an empty file for as long as it stays open; a busy error if somebody else has it. */
export async function takeExclusively(path: string, waitMs: number): Promise<SqliteFile> {
  const { DatabaseSync } = await library();
  const file = new DatabaseSync(path, { timeout: waitMs });
  try {
    file.exec('BEGIN EXCLUSIVE');
    return file;
  } catch (thrown) {
    file.close();
    throw thrown;
  }
}

/** Copies a database, also while it is written to, into a file that needs no other beside it and is on the disk. */
export async function copySqlite(source: SqliteFile, target: string): Promise<void> {
  const { DatabaseSync, backup } = await library();
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  closeSync(openSync(partial, 'wx', 0o600));
  try {
    // All in one step: between two, writers could make it begin again and again.
    await backup(source, partial, { rate: 2 ** 31 - 1 });
    const copy = new DatabaseSync(partial);
    copy.exec('PRAGMA journal_mode=DELETE');
    copy.close();
    await syncToDisk(partial);
    renameSync(partial, target);
    await syncToDisk(dirname(target));
  } finally {
    rmSync(partial, { force: true });
  }
}

/** Writes what is still in the log into the database itself, as far as no reader needs it, and empties the log. */
export function emptyLog(file: SqliteFile): void {
  file.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}
