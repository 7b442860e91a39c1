/** Who a request comes from, by every way of showing it. */

import { afterEach, describe, expect, it } from 'vitest';
import type { ApiKeySpec } from '../../fleet/api-key.ts';
import { allApiKeys, findApiKey, insertApiKey } from '../../store/api-keys.ts';
import { type AccountsBench, openBench } from './fixtures/accounts-bench.ts';
import { newApiKeyId } from './ids.ts';
import { newKeyText } from './key-text.ts';

const spec: ApiKeySpec = { name: 'k', scopes: ['inference'], limits: {} };
const realms = ['inference', 'management'] as const;
let bench: AccountsBench;

afterEach(() => bench.close());

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

describe('on an untouched install', () => {
  it('programs of this machine may call models, with any key they made up', async () => {
    bench = await openBench();
    expect(await bench.who({})).toBe('local');
    expect(await bench.who(bearer('sk-anything'))).toBe('local');
    expect(await bench.who({ headers: { 'x-api-key': 'dummy', host: 'localhost:31512' } })).toBe('local');
  });

  it('others may not', async () => {
    bench = await openBench();
    expect(await bench.who({ headers: { host: 'elsewhere.example' } })).toBe('403 foreign_origin');
    expect(await bench.who({ headers: { host: 'localhost', origin: 'https://elsewhere.example' } })).toBe(
      '403 foreign_origin',
    );
    expect(await bench.who({ headers: { ...bearer('x').headers, 'x-forwarded-for': '127.0.0.1' } })).toBe(
      '403 foreign_origin',
    );
  });

  it('a key of our shape must be one', async () => {
    bench = await openBench();
    expect(await bench.who(bearer(newKeyText()))).toBe('401 invalid_api_key');
    expect(await bench.who(bearer('sk-ams-typo'))).toBe('401 invalid_api_key');
  });

  it('nobody manages without a key or a session', async () => {
    bench = await openBench();
    expect(await bench.who({ realm: 'management' })).toBe('401 unauthenticated');
    expect(await bench.who({ realm: 'management', ...bearer('dummy') })).toBe('401 unauthenticated');
    expect(await bench.who({ realm: 'management', headers: { host: 'elsewhere.example' } })).toBe(
      '401 unauthenticated',
    );
  });
});

describe('where others can reach the server', () => {
  it('nobody calls models without a key', async () => {
    bench = await openBench({ isKeyless: false });
    expect(await bench.who({ headers: { host: 'localhost' } })).toBe('401 invalid_api_key');
    expect(await bench.who(bearer('dummy'))).toBe('401 invalid_api_key');
  });
});

describe('keys of the command line', () => {
  it('are let in by any header, from anywhere', async () => {
    bench = await openBench({ flagKeys: ['one', 'two'], isKeyless: false });
    for (const realm of realms) {
      expect(await bench.who({ realm, ...bearer('one') })).toBe('flag');
      expect(await bench.who({ realm, headers: { 'api-key': 'two', origin: 'https://elsewhere.example' } })).toBe(
        'flag',
      );
      expect(await bench.who({ realm, ...bearer('three') })).toBe('401 invalid_api_key');
    }
    expect(await bench.who({})).toBe('401 invalid_api_key');
  });

  it('make wrong keys wrong even where none is needed', async () => {
    bench = await openBench({ flagKeys: ['one'] });
    expect(await bench.who(bearer('three'))).toBe('401 invalid_api_key');
  });
});

describe('stored keys', () => {
  it('are let in, and their being there makes wrong ones wrong', async () => {
    bench = await openBench();
    const ann = await bench.addUser('ann', 'user');
    expect(await bench.who(bearer('dummy'))).toBe('local');
    const { key, secret } = await bench.accounts.createKey(ann, spec);
    expect(key).toMatchObject({ ...spec, ownerId: ann.id, hint: secret.slice(-4) });
    for (const realm of realms) expect(await bench.who({ realm, ...bearer(secret) })).toBe('key of ann (user)');
    expect(await bench.who(bearer('dummy'))).toBe('401 invalid_api_key');
    expect(await bench.who({})).toBe('local');
  });

  it('are kept as hashes only', async () => {
    bench = await openBench();
    const { secret } = await bench.accounts.createKey(await bench.addUser('ann', 'user'), spec);
    const kept = JSON.stringify(await allApiKeys(bench.store.db));
    expect(kept).not.toContain(secret.slice(7, 39));
  });

  it('are refused at once when they are revoked, expire, or their owner is disabled or gone', async () => {
    bench = await openBench();
    const ann = await bench.addUser('ann', 'user');
    const expiresAt = bench.clock.unixSeconds() + 60;
    const made = await Promise.all(
      [spec, { ...spec, expiresAt }, spec].map((one) => bench.accounts.createKey(ann, one)),
    );
    const [revoked = '', expired = '', other = ''] = made.map(({ secret }) => secret);
    const [first] = made;
    if (first !== undefined) await bench.accounts.deleteKey(first.key.id);
    expect(await bench.who(bearer(revoked))).toBe('401 invalid_api_key');
    bench.clock.advance(59);
    expect(await bench.who(bearer(expired))).toBe('key of ann (user)');
    bench.clock.advance(1);
    expect(await bench.who(bearer(expired))).toBe('401 invalid_api_key');
    await bench.accounts.editUser(ann.id, { isDisabled: true });
    expect(await bench.who(bearer(other))).toBe('401 invalid_api_key');
    await bench.accounts.editUser(ann.id, { isDisabled: false });
    expect(await bench.who(bearer(other))).toBe('key of ann (user)');
    await bench.accounts.deleteUser(ann.id);
    expect(await bench.who(bearer(other))).toBe('401 invalid_api_key');
  });

  it('act in the role their owner has now', async () => {
    bench = await openBench();
    await bench.addUser('root', 'admin');
    const ann = await bench.addUser('ann', 'admin');
    const { secret } = await bench.accounts.createKey(ann, { ...spec, scopes: ['management'] });
    expect(await bench.who(bearer(secret))).toBe('key of ann (admin)');
    await bench.accounts.editUser(ann.id, { role: 'user' });
    expect(await bench.who(bearer(secret))).toBe('key of ann (user)');
  });

  it('serve a minute more when the store is gone, then not', async () => {
    bench = await openBench();
    const { secret } = await bench.accounts.createKey(await bench.addUser('ann', 'user'), spec);
    const { ring } = bench;
    await bench.store.db.schema.alterTable('apiKeys').renameTo('away').execute();
    await ring.refresh();
    bench.clock.advance(60);
    await ring.refresh();
    expect(await bench.who(bearer(secret))).toBe('key of ann (user)');
    expect(await bench.who(bearer(newKeyText()))).toBe('401 invalid_api_key');
    bench.clock.advance(1);
    expect(await bench.who(bearer(secret))).toBe('503 store_unavailable');
    await bench.store.db.schema.alterTable('away').renameTo('apiKeys').execute();
    await ring.refresh();
    expect(await bench.who(bearer(secret))).toBe('key of ann (user)');
  });

  it('serve on when it only cannot be written that they do', async () => {
    bench = await openBench();
    const { key, secret } = await bench.accounts.createKey(await bench.addUser('ann', 'user'), spec);
    const { db } = bench.store;
    await db.schema.alterTable('apiKeys').renameColumn('lastUsedAt', 'away').execute();
    for (let minute = 0; minute < 3; minute++) {
      expect(await bench.who(bearer(secret))).toBe('key of ann (user)');
      bench.clock.advance(60);
      await bench.ring.refresh();
    }
    await db.schema.alterTable('apiKeys').renameColumn('away', 'lastUsedAt').execute();
    bench.clock.advance(60);
    await bench.ring.refresh();
    expect((await findApiKey(db, key.id))?.lastUsedAt).toBe(bench.clock.unixSeconds() - 120);
  });

  it('do not come back from a look at the store that began before they were revoked', async () => {
    bench = await openBench();
    const ann = await bench.addUser('ann', 'user');
    // The look may be at any step when the key is revoked; each begins because the store holds a key more.
    for (let steps = 0; steps < 80; steps++) {
      const { key, secret } = await bench.accounts.createKey(ann, spec);
      await insertApiKey(bench.store.db, { key: { ...key, id: newApiKeyId() }, keyHash: `another ${steps}` });
      const look = bench.ring.refresh();
      for (let step = 0; step < steps; step++) await Promise.resolve();
      await Promise.all([look, bench.accounts.deleteKey(key.id)]);
      expect(await bench.who(bearer(secret))).toBe('401 invalid_api_key');
    }
  });

  it('of another program are found', async () => {
    bench = await openBench();
    const { key } = await bench.accounts.createKey(await bench.addUser('ann', 'user'), spec);
    const another = newKeyText();
    const stored = { key: { ...key, id: newApiKeyId() }, keyHash: bench.parts.hash('api-key', another) };
    await insertApiKey(bench.store.db, stored);
    await bench.ring.refresh();
    expect(await bench.who(bearer(another))).toBe('key of ann (user)');
  });

  it('tell when they were last used, written once a minute', async () => {
    bench = await openBench();
    const { key, secret } = await bench.accounts.createKey(await bench.addUser('ann', 'user'), spec);
    bench.clock.advance(30);
    await bench.who(bearer(secret));
    const usedAt = bench.clock.unixSeconds();
    await bench.ring.refresh();
    expect((await findApiKey(bench.store.db, key.id))?.lastUsedAt).toBeUndefined();
    bench.clock.advance(30);
    await bench.ring.refresh();
    expect((await findApiKey(bench.store.db, key.id))?.lastUsedAt).toBe(usedAt);
  });
});
