/** The ground a server stands on: its data directory, held for itself, with log, database and secret keys. */

import { mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { systemClock } from '../base/clock.ts';
import { ConfigError } from '../base/errors.ts';
import { type DataLock, type LockHolder, lockDataFolder } from '../store/data-lock.ts';
import { openStore, type Store } from '../store/database.ts';
import { confirmSecretKeys, readSecretKeys, type SecretKeys } from '../store/secret-key.ts';
import { openAll } from './end-all.ts';
import type { ServerConfig } from './server-config.ts';

/** What everything else is built on. */
export interface Foundation {
  readonly dataFolder: string;
  /** The default directory was in use: nothing is kept, and nobody can manage this server. */
  readonly isPassing: boolean;
  /** What the person should know of it. */
  readonly notes: readonly string[];
  readonly log: Logger;
  readonly logFile: string;
  readonly store: Store;
  readonly keys: SecretKeys;
  readonly lock: DataLock;
  close(): Promise<void>;
}

/** Takes the data directory; a ConfigError names who has it, where a person chose it. */
export function openFoundation(config: ServerConfig): Promise<Foundation> {
  return openAll(async (begun) => {
    const { dataFolder, isPassing, notes, lock } = await takeFolder(config);
    begun(async () => {
      await lock.release();
      if (isPassing) rmSync(dataFolder, { recursive: true, force: true });
    });
    const { log, logFile } = openLog(dataFolder, config.logLevel);
    begun(async () => log.flush());
    const keys = await readSecretKeys(dataFolder, config.environment);
    const backupsFolder = join(dataFolder, 'backups');
    const store = await openStore({ path: join(dataFolder, 'aimindserve.db'), clock: systemClock, log, backupsFolder });
    begun(() => store.close());
    await confirmSecretKeys(store.db, keys);
    return { dataFolder, isPassing, notes, log, logFile, store, keys, lock };
  });
}

type Taken = Pick<Foundation, 'dataFolder' | 'isPassing' | 'notes' | 'lock'>;

async function takeFolder({ dataFolder, isDataFolderNamed }: ServerConfig): Promise<Taken> {
  const result = await lockDataFolder(dataFolder, systemClock);
  if (result.isOurs) return { dataFolder, isPassing: false, notes: [], lock: result.lock };
  if (isDataFolderNamed) throw inUse(dataFolder, result.holder);
  const folder = mkdtempSync(join(tmpdir(), 'aimindserve-'));
  const own = await lockDataFolder(folder, systemClock);
  if (!own.isOurs) throw inUse(folder, own.holder);
  const notes = [
    `${describeHolder(result.holder)} uses ${dataFolder}; this one only serves models and keeps nothing. Give it --data-dir FOLDER to have its own accounts, keys and deployments.`,
  ];
  return { dataFolder: folder, isPassing: true, notes, lock: own.lock };
}

function inUse(folder: string, holder: LockHolder): ConfigError {
  const message = `${describeHolder(holder)} uses the data directory ${folder}. Stop it, deploy to it (aimindserve deploy …), or choose another with --data-dir.`;
  return new ConfigError('data_in_use', message);
}

function describeHolder({ pid, url }: LockHolder): string {
  const facts = [url, pid === undefined ? undefined : `process ${pid}`].filter((fact) => fact !== undefined);
  return `Another server${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
}

/** Logs are opened here and now: a destination that still opens cannot be flushed by an early exit. */
function openLog(dataFolder: string, level: ServerConfig['logLevel']) {
  const logFolder = join(dataFolder, 'logs');
  mkdirSync(logFolder, { recursive: true, mode: 0o700 });
  const logFile = join(logFolder, 'server.log');
  return { log: pino({ level }, pino.destination({ dest: openSync(logFile, 'a', 0o600), sync: false })), logFile };
}
