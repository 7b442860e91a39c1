/** What every database must do with API keys and their counters, secrets, settings and the audit log. */

import { Type } from 'typebox';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ApiKey, ApiKeyId } from '../fleet/api-key.ts';
import type { UserId } from '../fleet/user.ts';
import {
  allApiKeys,
  countApiKeys,
  deleteApiKey,
  findApiKey,
  findApiKeyByHash,
  insertApiKey,
  listApiKeys,
  touchApiKeys,
  updateApiKey,
} from './api-keys.ts';
import { appendAudit, listAudit } from './audit.ts';
import type { Store } from './database.ts';
import { userOf } from './fixtures/workshop.ts';
import { addKeyUsage, keyUsage, keyUsageIn, usagePeriods } from './key-usage.ts';
import { confirmSecretKeys, randomSecretKeys } from './secret-key.ts';
import { deleteSecret, listSecrets, readSecret, saveSecret } from './secrets.ts';
import { deleteSetting, readSetting, writeSetting } from './settings.ts';
import type { Db } from './tables.ts';
import { inTransaction } from './transaction.ts';
import { findUser, insertUser } from './users.ts';

const key = (id: string, ownerId: string, over: Partial<ApiKey> = {}): ApiKey => ({
  id: id as ApiKeyId,
  ownerId: ownerId as UserId,
  name: id,
  scopes: ['inference'],
  limits: {},
  hint: 'wxyz',
  createdAt: 100,
  revision: 1,
  ...over,
});

const all = { page: 1, perPage: 50 };
const names = (list: { readonly items: ReadonlyArray<{ readonly name: string }> }) =>
  list.items.map(({ name }) => name);

/** Runs the suite over the databases that `open` makes, each empty. */
export function recordsContract(open: () => Promise<Store>): void {
  let db: Db;
  beforeEach(async () => {
    const store = await open();
    db = store.db;
    return () => store.close();
  });

  describe('API keys', () => {
    const full = key('k1', 'ann', {
      scopes: ['inference', 'management'],
      expiresAt: 5_000,
      allowedModels: ['qwen', 'llama:8b'],
      limits: { requestsPerMinute: 5, tokensPerLifetime: 1_000_000_000_000 },
      lastUsedAt: 3,
      createdAt: 101,
    });
    beforeEach(async () => {
      await insertUser(db, { user: userOf('ann') });
      await insertUser(db, { user: userOf('bob') });
      await insertApiKey(db, { key: full, keyHash: 'h1' });
      await insertApiKey(db, { key: key('k2', 'bob'), keyHash: 'h2' });
    });

    it('come back as they were, found by hash and id', async () => {
      expect(await findApiKeyByHash(db, 'h1')).toEqual(full);
      expect(await findApiKey(db, full.id)).toEqual(full);
      expect(await findApiKeyByHash(db, 'h3')).toBeUndefined();
      expect(await countApiKeys(db)).toBe(2);
      const everyKey = [...(await allApiKeys(db))].sort((a, b) => a.keyHash.localeCompare(b.keyHash));
      expect(everyKey).toEqual([
        { key: full, keyHash: 'h1' },
        { key: key('k2', 'bob'), keyHash: 'h2' },
      ]);
    });

    it('are listed newest first, also by owner', async () => {
      expect(names(await listApiKeys(db, all))).toEqual(['k1', 'k2']);
      expect(names(await listApiKeys(db, all, 'bob' as UserId))).toEqual(['k2']);
      expect(await listApiKeys(db, { ...all, search: 'K1' }, 'bob' as UserId)).toEqual({ items: [], total: 0 });
    });

    it('change from the revision that was seen, and lose what is left out', async () => {
      const spec = { name: 'new', scopes: ['inference' as const], limits: {} };
      expect(await updateApiKey(db, full, spec)).toEqual(
        key('k1', 'ann', { name: 'new', createdAt: 101, lastUsedAt: 3, revision: 2 }),
      );
      expect(await updateApiKey(db, full, spec)).toBe('changed');
    });

    it('are touched many at once, and go', async () => {
      await touchApiKeys(
        db,
        new Map([
          [full.id, 40],
          [key('k2', 'bob').id, 41],
          ['gone' as ApiKeyId, 1],
        ]),
      );
      expect((await findApiKey(db, full.id))?.lastUsedAt).toBe(40);
      expect(await findApiKey(db, 'k2' as ApiKeyId)).toEqual(key('k2', 'bob', { lastUsedAt: 41 }));
      expect(await deleteApiKey(db, full.id)).toBe(true);
      expect(await deleteApiKey(db, full.id)).toBe(false);
      expect(await findApiKeyByHash(db, 'h1')).toBeUndefined();
    });

    it('are counted by period; what belongs to a key that is gone is dropped', async () => {
      const { day, month, lifetime } = usagePeriods(1_795_305_599);
      expect([day, month, lifetime]).toEqual(['2026-11-21', '2026-11', 'lifetime']);
      const of = (keyId: string, period: string, tokens: number) => ({
        keyId: keyId as ApiKeyId,
        period,
        requests: 1,
        tokens,
      });
      await addKeyUsage(db, [of('k1', day, 10), of('k1', month, 10), of('k2', day, 1), of('gone', day, 9)]);
      await addKeyUsage(db, [of('k1', day, 5), of('k1', day, 6)]);
      await addKeyUsage(db, []);
      expect(await keyUsage(db, full.id)).toEqual([of('k1', month, 10), { ...of('k1', day, 21), requests: 3 }]);
      expect(await keyUsageIn(db, [day])).toHaveLength(2);
      expect(await keyUsageIn(db, [])).toEqual([]);
    });
  });

  describe('secrets', () => {
    const { secrets } = randomSecretKeys();
    const token = { name: 'hub:huggingface', value: 'hf_abcdefghijklmnop', updatedAt: 5 };

    it('are read with their key, and shown without it', async () => {
      await saveSecret(db, secrets, token);
      await saveSecret(db, secrets, { name: 'short', value: 'ab', updatedAt: 6 });
      expect(await readSecret(db, secrets, token.name)).toBe(token.value);
      expect(await listSecrets(db)).toEqual([
        { name: token.name, hint: 'mnop', updatedAt: 5 },
        { name: 'short', hint: '', updatedAt: 6 },
      ]);
      const rows = await db.selectFrom('secrets').selectAll().execute();
      expect(JSON.stringify(rows)).not.toContain('hf_');
      await saveSecret(db, secrets, { ...token, value: 'another' });
      expect(await readSecret(db, secrets, token.name)).toBe('another');
      expect(await deleteSecret(db, token.name)).toBe(true);
      expect(await deleteSecret(db, token.name)).toBe(false);
      expect(await readSecret(db, secrets, token.name)).toBeUndefined();
    });

    it('stay shut for another key, a moved row and a damaged one', async () => {
      await saveSecret(db, secrets, token);
      await expect(readSecret(db, randomSecretKeys().secrets, token.name)).rejects.toMatchObject({ kind: 'config' });
      await db.updateTable('secrets').set({ name: 'other' }).execute();
      await expect(readSecret(db, secrets, 'other')).rejects.toMatchObject({ kind: 'config' });
      await db.updateTable('secrets').set({ name: token.name, sealed: 'AAAA' }).execute();
      await expect(readSecret(db, secrets, token.name)).rejects.toMatchObject({ kind: 'config' });
    });

    it('belong to one secret key, which the database remembers', async () => {
      const keys = randomSecretKeys();
      await confirmSecretKeys(db, keys);
      await confirmSecretKeys(db, keys);
      await expect(confirmSecretKeys(db, randomSecretKeys())).rejects.toMatchObject({ code: 'invalid_config' });
    });
  });

  describe('settings', () => {
    const hosts = Type.Array(Type.String());

    it('are set, read, changed and forgotten', async () => {
      expect(await readSetting(db, 'hosts', hosts)).toBeUndefined();
      await writeSetting(db, 'hosts', ['a']);
      await writeSetting(db, 'hosts', ['a', 'b']);
      expect(await readSetting(db, 'hosts', hosts)).toEqual(['a', 'b']);
      await deleteSetting(db, 'hosts');
      expect(await readSetting(db, 'hosts', hosts)).toBeUndefined();
    });

    it('of another shape are complained of by name', async () => {
      await writeSetting(db, 'hosts', ['a', 5]);
      await expect(readSetting(db, 'hosts', hosts)).rejects.toThrow(/hosts of settings.*\/1/);
    });
  });

  describe('the audit log', () => {
    const entry = (id: string, atMs: number, targetName = 'x') => ({
      ...{ id, atMs, actorId: 'usr', actorName: 'ann', action: 'deployment.create', targetId: 'dep_1', targetName },
      ...{ address: '127.0.0.1', requestId: 'r', detail: '{"replicas":2}' },
    });

    it('is read newest first and searched', async () => {
      for (const each of [entry('1', 10), entry('2', 30, 'Qwen'), entry('3', 20)]) await appendAudit(db, each);
      const list = await listAudit(db, { page: 1, perPage: 2 });
      expect(list).toEqual({ items: [entry('2', 30, 'Qwen'), entry('3', 20)], total: 3 });
      expect((await listAudit(db, { ...all, search: 'qwen' })).total).toBe(1);
    });

    it('keeps entries only of changes that were made', async () => {
      const failing = inTransaction(db, async (inside) => {
        await appendAudit(inside, entry('1', 1));
        await insertUser(inside, { user: userOf('ann') });
        throw new TypeError('the change fails');
      });
      await expect(failing).rejects.toThrow('the change fails');
      expect((await listAudit(db, all)).total).toBe(0);
      expect(await findUser(db, userOf('ann').id)).toBeUndefined();
    });
  });
}
