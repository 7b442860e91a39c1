/** What every database must do with users, their lists in pages, sessions and one-time links. */

import { beforeEach, describe, expect, it } from 'vitest';
import type { ApiKey, ApiKeyId } from '../fleet/api-key.ts';
import type { Session, SessionId, User, UserId } from '../fleet/user.ts';
import { consumeAdminLink, deleteAdminLinks, insertAdminLink } from './admin-links.ts';
import { countApiKeys, insertApiKey } from './api-keys.ts';
import type { Store } from './database.ts';
import { addKeyUsage, keyUsageIn } from './key-usage.ts';
import {
  deleteExpiredSessions,
  deleteSession,
  deleteSessionsOf,
  findSessionByTokenHash,
  insertSession,
  touchSession,
} from './sessions.ts';
import type { Db } from './tables.ts';
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
}
