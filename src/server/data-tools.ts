/** What commands do with a data directory, whether or not a server runs on it. */

import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { RequestError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import type { User } from '../fleet/user.ts';
import { createAdminLink, type NewAdminLink } from '../http/accounts/admin-link.ts';
import { createSecretHash } from '../http/accounts/secret-hash.ts';
import { resetPassword as resetPasswordOf } from '../http/accounts/users.ts';
import { backupStore, type Restored, restoreStore } from '../store/backup.ts';
import { holderOf } from '../store/data-lock.ts';
import { openStore, type Store } from '../store/database.ts';
import { readSecretKeys } from '../store/secret-key.ts';
import { findUserByName } from '../store/users.ts';

/** Where a server listens if nobody says otherwise. */
const usualUrl = 'http://127.0.0.1:31512';

/** Makes a one-time link: for the first administrator, or to set the password of the user named. */
export async function makeAdminLink(
  dataFolder: string,
  wish: { readonly userName?: string } = {},
): Promise<NewAdminLink> {
  const keys = await readSecretKeys(dataFolder, process.env);
  const { url: baseUrl = usualUrl } = (await holderOf(dataFolder)) ?? {};
  return withStore(dataFolder, async ({ db }) => {
    const user = wish.userName === undefined ? undefined : await userNamed({ db }, wish.userName);
    const parts = { db, clock: systemClock, hash: createSecretHash(keys) };
    return createAdminLink(parts, { baseUrl, ...(user !== undefined && { userId: user.id }) });
  });
}

/** Sets a user's password; whoever may read the data directory may do so. */
export function resetPassword(dataFolder: string, name: string, password: string): Promise<void> {
  return withStore(dataFolder, async ({ db }) => {
    const user = await userNamed({ db }, name);
    await resetPasswordOf(db, user.id, password);
  });
}

/** Copies the database, also while a server runs; the result is the copy's path. */
export function backupData(dataFolder: string, target?: string): Promise<string> {
  return backupStore(dataFolder, systemClock, target);
}

/** Puts a copy in the database's place; no server may run. */
export function restoreData(backup: string, dataFolder: string): Promise<Restored> {
  return restoreStore(backup, dataFolder, systemClock);
}

/** Opens a data directory's database for a moment, whether or not a server runs on it. */
export async function withStore<T>(dataFolder: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({
    path: join(dataFolder, 'aimindserve.db'),
    clock: systemClock,
    log: silentLog,
    backupsFolder: join(dataFolder, 'backups'),
  });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function userNamed({ db }: Pick<Store, 'db'>, name: string): Promise<User> {
  const user = await findUserByName(db, name);
  if (user === undefined) throw new RequestError('not_found', `There is no user '${name}'.`);
  return user;
}
