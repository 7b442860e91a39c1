/** The one secret of a data directory, and the keys that are derived from it for each purpose. */

import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { ConfigError } from '../base/errors.ts';
import { isErrno } from './data-folder.ts';
import { readSetting, writeSetting } from './settings.ts';
import { translateAtStart } from './sqlite-errors.ts';
import type { Db } from './tables.ts';

/** Keys of 32 bytes, none of which tells anything of another. */
export interface SecretKeys {
  /** For the hashes of API keys. */
  readonly apiKeys: Uint8Array;
  /** For sealing secrets. */
  readonly secrets: Uint8Array;
  /** For the hashes of cookies and one-time links. */
  readonly sessions: Uint8Array;
  /** Tells whether a database was made with the same secret. */
  readonly fingerprint: string;
}

/** Shorter secrets could be guessed. */
const shortest = 32;

/** Takes `AIMINDSERVE_SECRET_KEY`, or the file `AIMINDSERVE_SECRET_KEY_FILE`, or `secret-key` in the folder, which is made once. */
export async function readSecretKeys(
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<SecretKeys> {
  const given = environment['AIMINDSERVE_SECRET_KEY'];
  if (given) return derive(given.trim(), 'AIMINDSERVE_SECRET_KEY');
  const givenFile = environment['AIMINDSERVE_SECRET_KEY_FILE'];
  if (givenFile) return derive(await readSecretFile(givenFile), givenFile);
  const path = join(folder, 'secret-key');
  if (!existsSync(path)) await makeOnce(folder, path);
  return derive(await readSecretFile(path), path);
}

/** Keys for a store that lives in memory only. */
export function randomSecretKeys(): SecretKeys {
  return derive(randomBytes(32).toString('hex'), 'random');
}

/** The hash under which a secret is found again; it cannot be tried out without the key. */
export function keyedHash(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

/** Notes the secret's fingerprint in a new database; a ConfigError if the database was made with another secret. */
export async function confirmSecretKeys(db: Db, keys: SecretKeys): Promise<void> {
  const known = await readSetting(db, 'secretKeyFingerprint', Type.String());
  if (known === undefined) return await writeSetting(db, 'secretKeyFingerprint', keys.fingerprint);
  if (known === keys.fingerprint) return;
  throw new ConfigError(
    'invalid_config',
    'The database was made with another secret key: no API key, session or stored token could be read. Put back the file secret-key of the data directory, or the AIMINDSERVE_SECRET_KEY it was made with.',
  );
}

function derive(secret: string, from: string): SecretKeys {
  if (secret.length < shortest)
    throw new ConfigError('invalid_config', `The secret key of ${from} must have ${shortest} characters or more.`);
  const key = (purpose: string) => new Uint8Array(hkdfSync('sha256', secret, 'aimindserve', purpose, 32));
  return {
    apiKeys: key('api-keys'),
    secrets: key('secrets'),
    sessions: key('sessions'),
    fingerprint: Buffer.from(key('fingerprint')).toString('hex').slice(0, 32),
  };
}

async function readSecretFile(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new ConfigError('invalid_config', `The secret key cannot be read from ${path}.`, { cause });
  }
}

/** Written aside and linked into place: neither a crash nor two at once can leave half a secret. */
async function makeOnce(folder: string, path: string): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(aside, 'wx', 0o600);
    await file.writeFile(`${randomBytes(32).toString('hex')}\n`);
    await file.sync();
    await file.close();
    await link(aside, path);
  } catch (thrown) {
    if (!isErrno(thrown, 'EEXIST')) throw translateAtStart(thrown, path);
  } finally {
    await rm(aside, { force: true });
  }
}
