/** Users: made, changed and removed, and never without an administrator. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UserId } from '../../fleet/user.ts';
import { findUser, passwordHashOf } from '../../store/users.ts';
import { type AccountsBench, openBench, refusalOr } from './fixtures/accounts-bench.ts';

let bench: AccountsBench;

beforeEach(async () => {
  bench = await openBench();
});

afterEach(() => bench.close());

describe('a user', () => {
  it('is made with a hashed password, or with none', async () => {
    const wish = { name: 'Ann', fullName: 'Ann Example', role: 'user', password: 'correct horse' } as const;
    const ann = await bench.accounts.createUser(wish);
    expect(ann).toMatchObject({ name: 'Ann', fullName: 'Ann Example', role: 'user', origin: 'local', revision: 1 });
    expect(JSON.stringify(ann)).not.toContain('horse');
    expect(await passwordHashOf(bench.store.db, ann.id)).toMatch(/^\$argon2id/);
    const bob = await bench.accounts.createUser({ name: 'bob', role: 'user' });
    expect(await passwordHashOf(bench.store.db, bob.id)).toBeUndefined();
  });

  it('has a name of their own, whatever its case, and a good password', async () => {
    await bench.accounts.createUser({ name: 'Ann', role: 'user' });
    expect(await refusalOr(() => bench.accounts.createUser({ name: 'aNN', role: 'user' }))).toBe('409 name_taken');
    expect(await refusalOr(() => bench.accounts.createUser({ name: 'bob', role: 'user', password: 'short' }))).toBe(
      '400 invalid_value',
    );
    const bob = await bench.accounts.createUser({ name: 'bob', role: 'user' });
    expect(await refusalOr(() => bench.accounts.editUser(bob.id, { name: 'ANN' }))).toBe('409 name_taken');
    expect(await refusalOr(() => bench.accounts.resetPassword(bob.id, 'short'))).toBe('400 invalid_value');
  });

  it('is changed where nobody changed them meanwhile', async () => {
    const ann = await bench.accounts.createUser({ name: 'ann', fullName: 'Ann', role: 'user' });
    const changed = await bench.accounts.editUser(ann.id, { fullName: '' }, 1);
    expect(changed).toMatchObject({ name: 'ann', revision: 2 });
    expect(changed.fullName).toBeUndefined();
    expect(await refusalOr(() => bench.accounts.editUser(ann.id, { role: 'admin' }, 1))).toBe('412 changed_meanwhile');
  });

  it('must be there', async () => {
    const nobody = 'usr_none' as UserId;
    for (const act of [
      () => bench.accounts.editUser(nobody, {}),
      () => bench.accounts.deleteUser(nobody),
      () => bench.accounts.resetPassword(nobody, 'correct horse'),
    ])
      expect(await refusalOr(async () => await act())).toBe('404 not_found');
  });
});

describe('the last administrator', () => {
  it('cannot be demoted, disabled or removed, and nothing of it is kept', async () => {
    const root = await bench.accounts.createUser({ name: 'root', role: 'admin' });
    await bench.accounts.createUser({ name: 'ann', role: 'user' });
    for (const act of [
      () => bench.accounts.editUser(root.id, { role: 'user' }),
      () => bench.accounts.editUser(root.id, { isDisabled: true }),
      () => bench.accounts.deleteUser(root.id),
    ])
      expect(await refusalOr(async () => await act())).toBe('409 conflict');
    expect(await findUser(bench.store.db, root.id)).toEqual(root);
    expect(await bench.accounts.editUser(root.id, { fullName: 'Root' })).toMatchObject({ fullName: 'Root' });
  });

  it('is one who may sign in: a disabled one does not count', async () => {
    const root = await bench.accounts.createUser({ name: 'root', role: 'admin' });
    const other = await bench.accounts.createUser({ name: 'other', role: 'admin' });
    await bench.accounts.editUser(other.id, { isDisabled: true });
    expect(await refusalOr(() => bench.accounts.deleteUser(root.id))).toBe('409 conflict');
    await bench.accounts.deleteUser(other.id);
    await bench.accounts.createUser({ name: 'third', role: 'admin' });
    expect(await refusalOr(() => bench.accounts.deleteUser(root.id))).toBeUndefined();
  });

  it('stays, when two remove each other at once', async () => {
    const both = [
      await bench.accounts.createUser({ name: 'one', role: 'admin' }),
      await bench.accounts.createUser({ name: 'two', role: 'admin' }),
    ];
    const results = await Promise.all(both.map(({ id }) => refusalOr(() => bench.accounts.deleteUser(id))));
    expect(results).toContain('409 conflict');
    expect(await bench.accounts.needsSetup()).toBe(false);
  });
});
