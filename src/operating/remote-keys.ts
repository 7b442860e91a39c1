/** The keys that remote servers want: kept sealed, read when a connection is made, never shown again. */

import type { Clock } from '../base/clock.ts';
import type { DeploymentId } from '../fleet/deployment.ts';
import { deleteSecret, listSecrets, readSecret, saveSecret } from '../store/secrets.ts';
import type { Db } from '../store/tables.ts';

/** One key for each deployment that has one. */
export interface RemoteKeys {
  /** '' = it has none. */
  read(id: DeploymentId): Promise<string>;
  /** Its last four characters ('' for a short one), to be recognised by; undefined = it has none. */
  hint(id: DeploymentId): string | undefined;
  /** In place of the earlier one; '' = none any more. */
  keep(id: DeploymentId, key: string): Promise<void>;
}

/** The key that a remote server wants, beside a spec and never in it; '' takes it away, absent = as it is. */
export interface WithRemoteKey {
  readonly remoteKey?: string;
}

/** What they stand on. */
export interface RemoteKeysParts {
  readonly db: Db;
  /** 32 bytes that are not in the database. */
  readonly secretKey: Uint8Array;
  readonly clock: Clock;
}

const prefix = 'remote:';

/** Reads which there are. */
export async function openRemoteKeys({ db, secretKey, clock }: RemoteKeysParts): Promise<RemoteKeys> {
  let hints: ReadonlyMap<string, string> = new Map();
  const look = async (): Promise<void> => {
    hints = new Map((await listSecrets(db)).map(({ name, hint }) => [name, hint]));
  };
  await look();
  return {
    read: async (id) => (await readSecret(db, secretKey, prefix + id)) ?? '',
    hint: (id) => hints.get(prefix + id),
    async keep(id, value) {
      if (value === '') await deleteSecret(db, prefix + id);
      else await saveSecret(db, secretKey, { name: prefix + id, value, updatedAt: clock.unixSeconds() });
      await look();
    },
  };
}
