import { describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { openStore } from '../../store/database.ts';
import { randomSecretKeys } from '../../store/secret-key.ts';
import { type CurrentSettings, createStoredSettings } from './stored-settings.ts';

describe('createStoredSettings', () => {
  it("forgets a hub's token when the hub moves, and only then", async () => {
    const { db, close } = await openStore({ path: ':memory:', clock: systemClock, log: silentLog, backupsFolder: '' });
    const told: CurrentSettings[] = [];
    const parts = {
      db,
      clock: systemClock,
      ownRoots: [],
      onChange: (current: CurrentSettings) => void told.push(current),
    };
    const settings = await createStoredSettings({ ...parts, secretKey: randomSecretKeys().secrets });
    await settings.saveSecret('huggingface-token', 'hf_secret');
    await settings.saveSecret('modelscope-token', 'ms_secret');
    await settings.write({ allowedHosts: ['mirror.lan'], pathRoots: [] });
    expect(told.at(-1)?.tokens).toEqual({ 'huggingface-token': 'hf_secret', 'modelscope-token': 'ms_secret' });
    await settings.write({ allowedHosts: [], pathRoots: [], huggingfaceEndpoint: 'https://mirror.lan' });
    expect(told.at(-1)?.tokens).toEqual({ 'modelscope-token': 'ms_secret' });
    expect((await settings.secrets()).map(({ name }) => name)).toEqual(['modelscope-token']);
    await close();
  });
});
