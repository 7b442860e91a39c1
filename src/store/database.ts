/** Opens the store: checks the file, backs it up before an upgrade, brings its tables up to date. */

import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Kysely } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { ConfigError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { newBackupPath, newestBackup } from './backups-folder.ts';
import { otherHolderOf } from './data-lock.ts';
import { type Migration, migrate, migrations, newestOf, versionOf } from './migrations.ts';
import { ensureOurs, findFault, markNew } from './sqlite-check.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { isDamage, translateAtStart } from './sqlite-errors.ts';
import { copySqlite, openSqlite, type SqliteFile, setUp } from './sqlite-open.ts';
import type { Db, Tables } from './tables.ts';

/** What opening needs. */
export interface StoreSettings {
  /** The database file, or `:memory:`. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Where copies go before an upgrade. */
  readonly backupsFolder: string;
  /** How long to wait for another program's lock; default 5 s. */
  readonly busyTimeoutMs?: number;
}

/** The open database. */
export interface Store {
  readonly db: Db;
  /** Can it be read and written now? */
  isHealthy(): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens (or makes) the store; a ConfigError says what to do where the file is damaged or too new. */
export async function openStore(settings: StoreSettings, steps: readonly Migration[] = migrations): Promise<Store> {
  const { path, busyTimeoutMs = 5_000 } = settings;
  const file = await openChecked(settings);
  const db = new Kysely<Tables>({ dialect: sqliteDialect(file, { path, busyTimeoutMs }) });
  try {
    await upgrade(db, file, { settings, steps });
  } catch (thrown) {
    await db.destroy();
    throw isDamage(thrown) ? damaged(settings, thrown) : translateAtStart(thrown, path);
  }
  return { db, isHealthy: () => isHealthy(db), close: () => db.destroy() };
}

async function upgrade(
  db: Db,
  file: SqliteFile,
  { settings, steps }: { readonly settings: StoreSettings; readonly steps: readonly Migration[] },
): Promise<void> {
  const { backupsFolder, clock, log } = settings;
  const newest = newestOf(steps);
  const version = await versionOf(db);
  if (version > newest) throw tooNew({ version, newest, backupsFolder });
  if (version === newest) return;
  if (version > 0) {
    await ensureAlone(dirname(settings.path));
    const backup = await newBackupPath(backupsFolder, { version, now: clock.unixSeconds() });
    await copySqlite(file, backup);
    log.info({ from: version, to: newest, backup }, 'the database is brought up to date; a copy was made before');
  }
  await migrate(db, steps, clock.unixSeconds());
}

/** A command of a newer program must not change the tables under an older server. */
async function ensureAlone(folder: string): Promise<void> {
  const holder = await otherHolderOf(folder);
  if (holder === undefined) return;
  const { url = folder } = holder;
  throw new ConfigError(
    'data_in_use',
    `An older server (${url}) uses the database: start it anew with this version first.`,
  );
}

/** Files up to this size are read through at every start, which takes well under a second. */
const checkedBytes = 64 * 2 ** 20;

async function openChecked(settings: StoreSettings): Promise<SqliteFile> {
  const { path } = settings;
  let file: SqliteFile | undefined;
  try {
    if (path !== ':memory:') await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    file = await openSqlite(path);
    ensureSound(file, settings);
    return file;
  } catch (thrown) {
    file?.close();
    throw isDamage(thrown) ? damaged(settings, thrown) : translateAtStart(thrown, path);
  }
}

function ensureSound(file: SqliteFile, settings: StoreSettings): void {
  const { path } = settings;
  markNew(file);
  ensureOurs(file, path);
  setUp(file);
  if (path === ':memory:' || statSync(path).size > checkedBytes) return;
  const fault = findFault(file, 'quick');
  if (fault !== undefined) throw damaged(settings, fault);
}

function damaged({ path, backupsFolder }: StoreSettings, cause: unknown): ConfigError {
  const advice = restoreAdvice(newestBackup(backupsFolder));
  return new ConfigError('invalid_config', `The database ${path} is damaged. ${advice}`, { cause });
}

function tooNew(at: {
  readonly version: number;
  readonly newest: number;
  readonly backupsFolder: string;
}): ConfigError {
  const advice = restoreAdvice(newestBackup(at.backupsFolder, at.newest));
  return new ConfigError(
    'data_too_new',
    `The database has version ${at.version}, this program knows ${at.newest}: a newer program wrote it. Run the newer program, or go back: ${advice}`,
  );
}

function restoreAdvice(backup: string | undefined): string {
  if (backup === undefined) return 'There is no backup of it in the data directory.';
  return `The newest backup that fits is restored by: aimindserve restore ${backup}`;
}

async function isHealthy(db: Db): Promise<boolean> {
  try {
    await db.transaction().execute((inside) => inside.selectFrom('migrations').select('version').execute());
    return true;
  } catch {
    return false;
  }
}
