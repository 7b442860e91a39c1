/** One-time links: once, for half an hour, and only what they are for. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AdminLinkUse, UserId } from '../../fleet/user.ts';
import { createAdminLink } from './admin-link.ts';
import { type AccountsBench, openBench, refusalOr, signedInHeaders, visitor } from './fixtures/accounts-bench.ts';

const baseUrl = 'http://localhost:31512';
let bench: AccountsBench;
let used = 0;

beforeEach(async () => {
  used = 0;
  bench = await openBench({ onAdminLinkUsed: () => used++ });
});

afterEach(() => bench.close());

async function newToken(userId?: UserId): Promise<string> {
  const { url } = await createAdminLink(bench.parts, { baseUrl, ...(userId !== undefined && { userId }) });
  return url.split('?token=')[1] ?? '';
}

const use = (link: Partial<AdminLinkUse>) =>
  refusalOr(async () => {
    const whole = { token: '', name: 'root', password: 'correct horse', ...link };
    return (await bench.accounts.useAdminLink(whole, visitor())).user.name;
  });

describe('the first link', () => {
  it('carries its token where no server sees it', async () => {
    const { url, expiresAt } = await createAdminLink(bench.parts, { baseUrl });
    expect(url).toMatch(/^http:\/\/localhost:31512\/#\/setup\?token=[\w-]{43}$/);
    expect(expiresAt - bench.clock.unixSeconds()).toBe(1_800);
    const rows = JSON.stringify(await bench.store.db.selectFrom('adminLinks').selectAll().execute());
    expect(rows).not.toContain(url.slice(-43));
  });

  it('makes the first administrator, once, and signs them in', async () => {
    expect(await bench.accounts.needsSetup()).toBe(true);
    const token = await newToken();
    const whole = { token, name: 'root', password: 'correct horse' };
    const signedIn = await bench.accounts.useAdminLink(whole, visitor());
    expect(signedIn.user).toMatchObject({ name: 'root', role: 'admin', origin: 'local' });
    const headers = signedInHeaders(signedIn);
    expect(await bench.who({ realm: 'management', headers })).toBe('session of root');
    expect(await bench.accounts.needsSetup()).toBe(false);
    expect(used).toBe(1);
    expect(await use({ token, name: 'second' })).toBe('401 unauthenticated');
  });

  it('is good for one of many who open it at once', async () => {
    const token = await newToken();
    const results = await Promise.all(['a1', 'b2', 'c3', 'd4'].map((name) => use({ token, name })));
    expect(results.filter((result) => result === '401 unauthenticated')).toHaveLength(3);
  });

  it('ends after half an hour, and when another is made', async () => {
    const first = await newToken();
    const second = await newToken();
    expect(await use({ token: first })).toBe('401 unauthenticated');
    bench.clock.advance(1_799);
    expect(await use({ token: second, password: 'short' })).toBe('400 invalid_value');
    bench.clock.advance(1);
    expect(await use({ token: second })).toBe('401 unauthenticated');
  });

  it('is not used up by a bad name or password', async () => {
    await bench.addUser('taken', 'user');
    const token = await newToken();
    expect(await use({ token, password: 'short' })).toBe('400 invalid_value');
    expect(await use({ token, name: 'taken' })).toBe('409 name_taken');
    const { name: _name, ...nameless } = { token, name: '', password: 'correct horse' };
    expect(await refusalOr(() => bench.accounts.useAdminLink(nameless, visitor()))).toBe('400 missing_field');
    expect(await use({ token })).toBe('root');
  });

  it('opens nothing once there is an administrator', async () => {
    const token = await newToken();
    await bench.addUser('earlier', 'admin');
    expect(await use({ token })).toBe('409 conflict');
  });

  it('is not taken from another site, nor made up', async () => {
    const link = { token: await newToken(), name: 'root', password: 'correct horse' };
    const foreign = visitor({ 'sec-fetch-site': 'cross-site' });
    expect(await refusalOr(() => bench.accounts.useAdminLink(link, foreign))).toBe('403 foreign_origin');
    expect(await use({ token: 'x'.repeat(43) })).toBe('401 unauthenticated');
    expect(used).toBe(0);
  });
});

describe('a link for somebody', () => {
  it('sets their password and ends their sessions', async () => {
    const root = await bench.accounts.createUser({ name: 'root', role: 'admin', password: 'forgotten!' });
    const before = await bench.accounts.signIn({ name: 'root', password: 'forgotten!' }, visitor());
    const token = await newToken(root.id);
    expect(await use({ token, name: 'ignored', password: 'battery staple' })).toBe('root');
    const headers = signedInHeaders(before);
    expect(await bench.who({ realm: 'management', headers })).toBe('401 unauthenticated');
    const again = await bench.accounts.signIn({ name: 'root', password: 'battery staple' }, visitor());
    expect(again.user.id).toBe(root.id);
  });
});
