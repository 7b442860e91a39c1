/** Copies the database while the server runs, and puts a copy back while it does not. */

import { constants, existsSync } from 'node:fs';
import { copyFile, link, rename, rm } from 'node:fs/promises';
import { Kysely } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { ConfigError } from '../base/errors.ts';
import { newBackupPath } from './backups-folder.ts';
import { backupsFolder, databasePath, syncToDisk, timeInName } from './data-folder.ts';
import { lockDataFolder } from './data-lock.ts';
import { newestVersion, versionOf } from './migrations.ts';
import { ensureOurs, findFault } from './sqlite-check.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { isDamage, translateAtStart } from './sqlite-errors.ts';
import { copySqlite, emptyLog, openReadOnly, openSqlite, type SqliteFile } from './sqlite-open.ts';
import type { Tables } from './tables.ts';

/**
 * Copies a data directory's database to a new file, by default among its backups; the server may run.
 * The result is the file's path. The secret key is not in it.
 */
export async function backupStore(dataFolder: string, clock: Clock, target?: string): Promise<string> {
  if (target !== undefined && existsSync(target)) throw new ConfigError('invalid_config', `${target} exists already.`);
  let copy = '';
  await withDatabase(databasePath(dataFolder), async (file) => {
    copy =
      target ??
      (await newBackupPath(backupsFolder(dataFolder), {
        version: await versionIn(file, databasePath(dataFolder)),
        now: clock.unixSeconds(),
      }));
    await copySqlite(file, copy);
  });
  await withDatabase(copy, async (file) => ensureIntact(file, copy));
  return copy;
}

/** What `restoreStore` did. */
export interface Restored {
  /** Where the database that was there now lies. */
  readonly replaced?: string;
}

/** Puts a copy in place of a data directory's database; refuses while a server runs. */
export async function restoreStore(backup: string, dataFolder: string, clock: Clock): Promise<Restored> {
  const result = await lockDataFolder(dataFolder, clock);
  if (!result.isOurs) throw inUse(dataFolder, result.holder.url);
  try {
    const target = databasePath(dataFolder);
    const fresh = `${target}.restoring`;
    await withDatabase(backup, async (file) => {
      ensureIntact(file, backup);
      await ensureKnown(file, backup);
      await copySqlite(file, fresh);
    });
    const replaced = await keepBeside(target, clock);
    await rename(fresh, target);
    await syncToDisk(dataFolder);
    return replaced === undefined ? {} : { replaced };
  } finally {
    await result.lock.release();
  }
}

/** Gives the present database a second name. It stays in place until it is replaced in one step. */
async function keepBeside(target: string, clock: Clock): Promise<string | undefined> {
  if (!existsSync(target)) return undefined;
  const beside = `${target}.replaced-${timeInName(clock.unixSeconds())}`;
  await writeLogBack(target);
  // What could not be emptied stays with its database; under the new one it would be poison.
  if (existsSync(`${target}-wal`)) await rename(`${target}-wal`, `${beside}-wal`);
  await rm(`${target}-shm`, { force: true });
  await secondName(target, beside);
  return beside;
}

/** Not every file system can give a file two names; a copy does as well. */
async function secondName(path: string, name: string): Promise<void> {
  try {
    await link(path, name);
  } catch {
    await copyFile(path, name, constants.COPYFILE_EXCL);
    await syncToDisk(name);
  }
}

async function writeLogBack(path: string): Promise<void> {
  try {
    const file = await openSqlite(path);
    emptyLog(file);
    file.close();
  } catch (thrown) {
    if (!isDamage(thrown)) throw translateAtStart(thrown, path);
  }
}

async function withDatabase(path: string, work: (file: SqliteFile) => Promise<void>): Promise<void> {
  if (!existsSync(path)) throw new ConfigError('invalid_config', `There is no file ${path}.`);
  let file: SqliteFile | undefined;
  try {
    file = await openReadOnly(path);
    await work(file);
  } catch (thrown) {
    throw isDamage(thrown) ? notIntact(path, String(thrown)) : translateAtStart(thrown, path);
  } finally {
    file?.close();
  }
}

function ensureIntact(file: SqliteFile, path: string): void {
  ensureOurs(file, path);
  const fault = findFault(file, 'full');
  if (fault !== undefined) throw notIntact(path, fault);
}

async function ensureKnown(file: SqliteFile, path: string): Promise<void> {
  const version = await versionIn(file, path);
  if (version <= newestVersion) return;
  const message = `${path} has version ${version}, this program knows ${newestVersion}: restore it with the newer program.`;
  throw new ConfigError('data_too_new', message);
}

function versionIn(file: SqliteFile, path: string): Promise<number> {
  return versionOf(new Kysely<Tables>({ dialect: sqliteDialect(file, { path, busyTimeoutMs: 5_000 }) }));
}

function notIntact(path: string, internal: string): ConfigError {
  return new ConfigError('invalid_config', `${path} is damaged; take another backup.`, { internal });
}

function inUse(folder: string, url: string | undefined): ConfigError {
  const where = url === undefined ? '' : ` (${url})`;
  return new ConfigError('data_in_use', `A server uses ${folder}${where}: stop it first.`);
}
