/** The platform's settings in the store: read once, kept in memory, written through. */

import { type Static, Type } from 'typebox';
import type { Clock } from '../../base/clock.ts';
import { RequestError } from '../../base/errors.ts';
import { deleteSecret, listSecrets, readSecret, saveSecret } from '../../store/secrets.ts';
import { readSetting, writeSetting } from '../../store/settings.ts';
import type { Db } from '../../store/tables.ts';
import { inTransaction } from '../../store/transaction.ts';
import {
  type PlatformSettings,
  type PlatformSettingsValue,
  platformSettingsSchema,
  type SecretName,
  secretNames,
} from './platform-settings.ts';

/** What they stand on. */
export interface StoredSettingsParts {
  readonly db: Db;
  /** 32 bytes that are not in the database. */
  readonly secretKey: Uint8Array;
  readonly clock: Clock;
  /** Folders that are always allowed, e.g. the server's own for models. */
  readonly ownRoots: readonly string[];
  /** Told at once what holds from now on. */
  readonly onChange: (current: CurrentSettings) => void;
}

/** What holds, with the secrets that the hubs need. */
export interface CurrentSettings {
  readonly settings: PlatformSettingsValue;
  readonly tokens: { readonly [Name in SecretName]?: string };
}

const settingName = 'platform';
const storedSchema = Type.Object({ revision: Type.Integer(), settings: platformSettingsSchema });
type Stored = Static<typeof storedSchema>;
const untouched: Stored = { revision: 0, settings: { allowedHosts: [], pathRoots: [] } };

/** Reads them, tells them once, and keeps them. */
export async function createStoredSettings(parts: StoredSettingsParts): Promise<PlatformSettings> {
  const { db, secretKey, clock } = parts;
  let current = (await readSetting(db, settingName, storedSchema)) ?? untouched;
  const tell = async (): Promise<void> => {
    parts.onChange({ settings: current.settings, tokens: await readTokens(parts) });
  };
  await tell();
  return {
    read: async () => current,
    async write(settings, expectedRevision) {
      current = await writeNext(db, settings, expectedRevision);
      await tell();
      return current.revision;
    },
    // Keys of remote servers belong to their deployments and are told of there.
    secrets: async () => (await listSecrets(db)).filter((fact) => secretNames.some((name) => name === fact.name)),
    async saveSecret(name, value) {
      await saveSecret(db, secretKey, { name, value, updatedAt: clock.unixSeconds() });
      await tell();
    },
    async deleteSecret(name) {
      const wasThere = await deleteSecret(db, name);
      await tell();
      return wasThere;
    },
    pathRoots: async () => [...parts.ownRoots, ...current.settings.pathRoots],
  };
}

function writeNext(db: Db, settings: PlatformSettingsValue, expectedRevision: number | undefined): Promise<Stored> {
  return inTransaction(db, async (inside) => {
    const { revision, settings: before } = (await readSetting(inside, settingName, storedSchema)) ?? untouched;
    if (expectedRevision !== undefined && expectedRevision !== revision)
      throw new RequestError('changed_meanwhile', 'Somebody changed the settings in the meantime; look at them again.');
    const next = { revision: revision + 1, settings };
    await writeSetting(inside, settingName, next);
    // A token was given to be sent to one hub: whoever moves the hub must not get it along.
    if (settings.huggingfaceEndpoint !== before.huggingfaceEndpoint) await deleteSecret(inside, 'huggingface-token');
    if (settings.modelscopeEndpoint !== before.modelscopeEndpoint) await deleteSecret(inside, 'modelscope-token');
    return next;
  });
}

async function readTokens({ db, secretKey }: StoredSettingsParts): Promise<CurrentSettings['tokens']> {
  const known = await Promise.all(
    secretNames.map(async (name) => ({ name, value: await readSecret(db, secretKey, name) })),
  );
  return Object.fromEntries(known.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
}
