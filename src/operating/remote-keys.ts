/** The keys that remote servers want: kept sealed, read when a connection is made, never shown again. */

import type { Clock } from '../base/clock.ts';
import type { Deployment, DeploymentId } from '../fleet/deployment.ts';
import { deleteSecret, listSecrets, readSecret, saveSecret } from '../store/secrets.ts';
import type { Db } from '../store/tables.ts';

/** Whose key: a deployment's, for the server that it asks now. */
export type KeyOwner = Pick<Deployment, 'id' | 'source'>;

/** One key for each deployment and server: it was given to be sent to that one, and goes to no other. */
export interface RemoteKeys {
  /** '' = it has none. */
  read(owner: KeyOwner): Promise<string>;
  /** Its last four characters ('' for a short one), to be recognised by; undefined = it has none. */
  hint(owner: KeyOwner): string | undefined;
  /** In place of the earlier one; '' = none any more. */
  keep(owner: KeyOwner, key: string): Promise<void>;
  /** All that the deployment ever had. */
  forget(id: DeploymentId): Promise<void>;
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

/** Reads which there are. */
export async function openRemoteKeys({ db, secretKey, clock }: RemoteKeysParts): Promise<RemoteKeys> {
  let hints: ReadonlyMap<string, string> = new Map();
  const look = async (): Promise<void> => {
    hints = new Map((await listSecrets(db)).map(({ name, hint }) => [name, hint]));
  };
  await look();
  return {
    read: async (owner) => (await readSecret(db, secretKey, nameOf(owner))) ?? '',
    hint: (owner) => hints.get(nameOf(owner)),
    async keep(owner, value) {
      const name = nameOf(owner);
      if (value === '') await deleteSecret(db, name);
      else await saveSecret(db, secretKey, { name, value, updatedAt: clock.unixSeconds() });
      await look();
    },
    async forget(id) {
      for (const name of hints.keys()) if (name.startsWith(beginOf(id))) await deleteSecret(db, name);
      await look();
    },
  };
}

function beginOf(id: DeploymentId): string {
  return `remote:${id} `;
}

/** What is no remote has no key under any name. */
function nameOf({ id, source }: KeyOwner): string {
  return beginOf(id) + (source.kind === 'remote' ? new URL(source.url).origin : '');
}
