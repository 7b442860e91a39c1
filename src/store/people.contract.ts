/** What every database must do with users, sessions, keys, links, secrets, settings and the audit log. */

import { Type } from 'typebox';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ApiKey, ApiKeyId } from '../fleet/api-key.ts';
import type { Session, SessionId, User, UserId } from '../fleet/user.ts';
import { consumeAdminLink, deleteAdminLinks, insertAdminLink } from './admin-links.ts';
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
import { addKeyUsage, keyUsage, keyUsageIn, usagePeriods } from './key-usage.ts';
import { confirmSecretKeys, randomSecretKeys } from './secret-key.ts';
import { deleteSecret, listSecrets, readSecret, saveSecret } from './secrets.ts';
import {
  deleteExpiredSessions,
  deleteSession,
  deleteSessionsOf,
  findSessionByTokenHash,
  insertSession,
  touchSession,
} from './sessions.ts';
import { deleteSetting, readSetting, writeSetting } from './settings.ts';
import type { Db } from './tables.ts';
import { inTransaction } from './transaction.ts';
import {
  countAdmins,
  deleteUser,
  findUser,
  findUserByName,
  findUserByOidcSubject,
  insertUser,
  listUsers,
  passwordHashOf,
  setPasswordHash,
  touchSignIn,
  updateUser,
} from './users.ts';

const user = (id: string, over: Partial<User> = {}): User => ({
  id: id as UserId,
  name: id,
  role: 'user',
  origin: 'local',
  isDisabled: false,
  createdAt: 100,
  revision: 1,
  ...over,
});

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

const session = (id: string, userId: string, expiresAt: number): Session => ({
  id: id as SessionId,
  userId: userId as UserId,
  createdAt: 1,
  expiresAt,
  lastSeenAt: 1,
  userAgent: 'Firefox',
});

const all = { page: 1, perPage: 50 };
const names = (list: { readonly items: ReadonlyArray<{ readonly name: string }> }) =>
  list.items.map(({ name }) => name);

/** Runs the suite over the databases that `open` makes, each empty. */
export function peopleContract(open: () => Promise<Store>): void {
  let db: Db;
  beforeEach(async () => {
    const store = await open();
    db = store.db;
    return () => store.close();
  });

  describe('users', () => {
    it('come back as they were, found by id, by name in any case and by subject', async () => {
      const ann = user('Ann', { fullName: 'Ann Ämter 🙂', role: 'admin', lastSignInAt: 7 });
      expect(await insertUser(db, { user: ann, passwordHash: 'h', oidcSubject: 'https://idp|1' })).toEqual(ann);
      expect(await findUser(db, ann.id)).toEqual(ann);
      expect(await findUserByName(db, 'aNN')).toEqual(ann);
      expect(await findUserByOidcSubject(db, 'https://idp|1')).toEqual(ann);
      expect(await findUser(db, 'nobody' as UserId)).toBeUndefined();
      expect(await findUserByName(db, "' or 1=1 --")).toBeUndefined();
    });

    it('hold no zero characters, at which some databases end a text', async () => {
      const refused = { code: 'invalid_value' };
      await expect(insertUser(db, { user: user('ann\u0000x') })).rejects.toMatchObject(refused);
      await expect(findUserByName(db, 'ann\u0000x')).rejects.toMatchObject(refused);
      expect((await listUsers(db, all)).total).toBe(0);
    });

    it('have names and subjects of their own', async () => {
      await insertUser(db, { user: user('Ann'), oidcSubject: 's' });
      expect(await insertUser(db, { user: user('x', { name: 'ANN' }) })).toBe('name_taken');
      expect(await insertUser(db, { user: user('y'), oidcSubject: 's' })).toBe('name_taken');
      await insertUser(db, { user: user('Bob') });
      expect(await updateUser(db, user('Bob'), { name: 'ann' })).toBe('name_taken');
      expect((await findUserByName(db, 'bob'))?.revision).toBe(1);
    });

    it('change only from the revision that was seen, one after another', async () => {
      const { id } = user('ann');
      await insertUser(db, { user: user('ann', { fullName: 'A' }) });
      const after = await updateUser(db, { id, revision: 1 }, { fullName: null, role: 'admin', isDisabled: true });
      expect(after).toEqual(user('ann', { role: 'admin', isDisabled: true, revision: 2 }));
      expect(await updateUser(db, { id, revision: 1 }, { role: 'user' })).toBe('changed');
      expect(await updateUser(db, user('nobody'), { role: 'user' })).toBe('changed');
      const rivals = [1, 2, 3, 4].map(() => updateUser(db, { id, revision: 2 }, { name: 'ann2' }));
      expect((await Promise.all(rivals)).filter((result) => result === 'changed')).toHaveLength(3);
    });

    it('keep passwords and sign-ins beside, without a new revision', async () => {
      const { id } = user('ann');
      await insertUser(db, { user: user('ann') });
      expect(await passwordHashOf(db, id)).toBeUndefined();
      await setPasswordHash(db, id, 'argon');
      await touchSignIn(db, id, 200);
      expect(await passwordHashOf(db, id)).toBe('argon');
      expect(await findUser(db, id)).toEqual(user('ann', { lastSignInAt: 200 }));
    });

    it('count as administrators only while they may sign in', async () => {
      await insertUser(db, { user: user('a', { role: 'admin' }) });
      await insertUser(db, { user: user('b', { role: 'admin', isDisabled: true }) });
      await insertUser(db, { user: user('c') });
      expect(await countAdmins(db)).toBe(1);
    });

    it('take their sessions, keys and counters along', async () => {
      await insertUser(db, { user: user('ann') });
      await insertSession(db, { session: session('s', 'ann', 10), tokenHash: 't', csrf: 'c' });
      await insertApiKey(db, { key: key('k', 'ann'), keyHash: 'h' });
      await addKeyUsage(db, [{ keyId: key('k', 'ann').id, period: 'lifetime', requests: 1, tokens: 1 }]);
      expect(await deleteUser(db, user('ann').id)).toBe(true);
      expect(await deleteUser(db, user('ann').id)).toBe(false);
      expect(await findSessionByTokenHash(db, 't')).toBeUndefined();
      expect(await countApiKeys(db)).toBe(0);
      expect(await keyUsageIn(db, ['lifetime'])).toEqual([]);
    });
  });

  describe('pages', () => {
    beforeEach(async () => {
      for (const name of ['b_1', 'B%2', 'a\\3', 'c4', 'ab1'])
        await insertUser(db, { user: user(name, { createdAt: name.length }) });
    });

    it('have an order, a size and a total', async () => {
      expect(await listUsers(db, { page: 2, perPage: 2, sort: 'createdAt' })).toMatchObject({ total: 5 });
      expect(names(await listUsers(db, { page: 1, perPage: 2, sort: '-createdAt' }))).toEqual(['b_1', 'ab1']);
      expect(names(await listUsers(db, { page: 3, perPage: 2 }))).toHaveLength(1);
      expect(names(await listUsers(db, { page: 4, perPage: 2 }))).toEqual([]);
    });

    it('take wildcards for letters, and upper for lower case', async () => {
      expect(names(await listUsers(db, { ...all, search: '%' }))).toEqual(['B%2']);
      expect(names(await listUsers(db, { ...all, search: '_' }))).toEqual(['b_1']);
      expect(names(await listUsers(db, { ...all, search: '\\' }))).toEqual(['a\\3']);
      await insertUser(db, { user: user('Ämter 末') });
      for (const search of ['Ämter', 'ÄMTER', '末'])
        expect(names(await listUsers(db, { ...all, search })), search).toEqual(['Ämter 末']);
      expect(names(await listUsers(db, { ...all, search: 'B' })).sort()).toEqual(['B%2', 'ab1', 'b_1']);
      expect(await listUsers(db, { ...all, search: "'; drop table users; --" })).toEqual({ items: [], total: 0 });
    });

    it('are sorted by known columns only', async () => {
      for (const sort of ['passwordHash', '--name', '', 'name; drop table users', 'constructor'])
        await expect(listUsers(db, { ...all, sort })).rejects.toMatchObject({ code: 'invalid_value' });
    });
  });

  describe('sessions', () => {
    beforeEach(async () => {
      await insertUser(db, { user: user('ann') });
      for (const [id, expiresAt] of [
        ['s1', 10],
        ['s2', 20],
        ['s3', 30],
      ] as const)
        await insertSession(db, { session: session(id, 'ann', expiresAt), tokenHash: `t${id}`, csrf: `c${id}` });
    });

    it('are found by the hash of their token, with their own secret', async () => {
      const found = await findSessionByTokenHash(db, 'ts1');
      expect(found).toEqual({ session: session('s1', 'ann', 10), tokenHash: 'ts1', csrf: 'cs1' });
      await touchSession(db, 's1' as SessionId, { lastSeenAt: 5, expiresAt: 99 });
      expect((await findSessionByTokenHash(db, 'ts1'))?.session).toMatchObject({ lastSeenAt: 5, expiresAt: 99 });
    });

    it('end one by one, all but one, and by time', async () => {
      await deleteSession(db, 's1' as SessionId);
      expect(await findSessionByTokenHash(db, 'ts1')).toBeUndefined();
      expect(await deleteExpiredSessions(db, 20)).toBe(1);
      await insertSession(db, { session: session('s4', 'ann', 40), tokenHash: 'ts4', csrf: 'c' });
      await deleteSessionsOf(db, 'ann' as UserId, 's4' as SessionId);
      expect(await findSessionByTokenHash(db, 'ts3')).toBeUndefined();
      expect(await findSessionByTokenHash(db, 'ts4')).toBeDefined();
      await deleteSessionsOf(db, 'ann' as UserId);
      expect(await findSessionByTokenHash(db, 'ts4')).toBeUndefined();
    });

    it('belong to somebody', async () => {
      const orphan = { session: session('s9', 'nobody', 10), tokenHash: 't', csrf: 'c' };
      await expect(insertSession(db, orphan)).rejects.toMatchObject({ code: 'conflict' });
    });
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
      await insertUser(db, { user: user('ann') });
      await insertUser(db, { user: user('bob') });
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

  describe('one-time links', () => {
    const link = { tokenHash: 'l', createdAt: 0, expiresAt: 100 };

    it('open once, however many try at once', async () => {
      await insertAdminLink(db, link);
      const tries = await Promise.all([1, 2, 3, 4].map(() => consumeAdminLink(db, 'l', 50)));
      expect(tries.filter((found) => found !== undefined)).toEqual([link]);
    });

    it('do not open late, nor after a newer one, nor when forgotten', async () => {
      await insertUser(db, { user: user('ann') });
      await insertAdminLink(db, link);
      expect(await consumeAdminLink(db, 'l', 100)).toBeUndefined();
      const newer = { ...link, tokenHash: 'l2', userId: 'ann' as UserId };
      await insertAdminLink(db, newer);
      expect(await consumeAdminLink(db, 'l', 1)).toBeUndefined();
      expect(await consumeAdminLink(db, 'l2', 1)).toEqual(newer);
      await insertAdminLink(db, link);
      await deleteAdminLinks(db);
      expect(await consumeAdminLink(db, 'l', 1)).toBeUndefined();
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
        await insertUser(inside, { user: user('ann') });
        throw new TypeError('the change fails');
      });
      await expect(failing).rejects.toThrow('the change fails');
      expect((await listAudit(db, all)).total).toBe(0);
      expect(await findUser(db, user('ann').id)).toBeUndefined();
    });
  });
}
