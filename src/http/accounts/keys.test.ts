/** Keys: made, changed and revoked by their owners. */

import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ApiKeyId, ApiKeySpec } from '../../fleet/api-key.ts';
import type { User } from '../../fleet/user.ts';
import { insertApiKey } from '../../store/api-keys.ts';
import { type AccountsBench, openBench, refusalOr } from './fixtures/accounts-bench.ts';
import { newApiKeyId } from './ids.ts';

const spec: ApiKeySpec = { name: 'k', scopes: ['inference'], limits: { requestsPerMinute: 5 } };
let bench: AccountsBench;
let ann: User;

beforeEach(async () => {
  bench = await openBench();
  ann = await bench.addUser('ann', 'user');
});

afterEach(() => bench.close());

it('a key is changed, and the change holds for the next request', async () => {
  const { key, secret } = await bench.accounts.createKey(ann, spec);
  const wider: ApiKeySpec = { ...spec, scopes: ['inference', 'management'], allowedModels: ['nano'], limits: {} };
  const changed = await bench.accounts.editKey(key.id, wider, 1);
  expect(changed).toMatchObject({ ...wider, id: key.id, hint: key.hint, revision: 2 });
  const headers = { 'x-api-key': secret };
  const caller = await bench.accounts.authenticate({ headers, method: 'GET', realm: 'inference' });
  expect(caller).toEqual({ kind: 'key', key: changed, owner: ann });
  expect(await refusalOr(() => bench.accounts.editKey(key.id, spec, 1))).toBe('412 changed_meanwhile');
});

it('a key does not begin its life expired, but one that has expired may be renamed or revived', async () => {
  const now = bench.clock.unixSeconds();
  expect(await refusalOr(() => bench.accounts.createKey(ann, { ...spec, expiresAt: now }))).toBe('400 invalid_value');
  const { key, secret } = await bench.accounts.createKey(ann, { ...spec, expiresAt: now + 1 });
  bench.clock.advance(5);
  const ask = () => bench.who({ headers: { 'api-key': secret } });
  expect((await bench.accounts.editKey(key.id, { ...spec, expiresAt: now + 1, name: 'old' })).name).toBe('old');
  expect(await ask()).toBe('401 invalid_api_key');
  expect(await refusalOr(() => bench.accounts.editKey(key.id, { ...spec, expiresAt: now + 2 }))).toBe(
    '400 invalid_value',
  );
  await bench.accounts.editKey(key.id, spec);
  expect(await ask()).toBe('key of ann (user)');
});

it('a key must be there, and so must its owner', async () => {
  const none = 'key_none' as ApiKeyId;
  expect(await refusalOr(() => bench.accounts.editKey(none, spec))).toBe('404 not_found');
  expect(await refusalOr(() => bench.accounts.deleteKey(none))).toBe('404 not_found');
  await bench.accounts.deleteUser(ann.id);
  expect(await refusalOr(() => bench.accounts.createKey(ann, spec))).toBe('404 not_found');
});

it('nobody has more than a thousand', async () => {
  const facts = { ownerId: ann.id, hint: '', createdAt: 0, revision: 1 };
  await bench.store.db.transaction().execute(async (db) => {
    for (let i = 0; i < 1_000; i++)
      await insertApiKey(db, { key: { ...spec, ...facts, id: newApiKeyId() }, keyHash: `${i}` });
  });
  expect(await refusalOr(() => bench.accounts.createKey(ann, spec))).toBe('409 conflict');
});
