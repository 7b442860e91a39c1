/** Signing in and out: cookies, tokens, and waits for those who guess. */

import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allApiKeys } from '../../store/api-keys.ts';
import { type AccountsBench, openBench, refusalOr, signedInHeaders, visitor } from './fixtures/accounts-bench.ts';
import { hashPassword } from './passwords.ts';

const daySeconds = 86_400;
const right = { name: 'Ann', password: 'correct horse' };
const wrong = { name: 'Ann', password: 'wrong horses' };
let bench: AccountsBench;
let hashed: string;

beforeAll(async () => {
  hashed = await hashPassword(right.password);
});

beforeEach(async () => {
  bench = await openBench();
  await bench.addUser('ann', 'user', hashed);
});

afterEach(() => bench.close());

const signIn = (credentials = right, from = visitor()) =>
  refusalOr(async () => (await bench.accounts.signIn(credentials, from)).user.name);

describe('a sign-in', () => {
  it('gives a cookie that no script and no other site can use', async () => {
    const plain = await bench.accounts.signIn(right, visitor({ 'user-agent': 'x'.repeat(999) }));
    expect(plain.cookie).toMatch(
      /^aimindserve_session=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
    );
    expect(plain.session.userAgent).toHaveLength(200);
    const secure = await bench.accounts.signIn(right, { ...visitor(), isSecure: true });
    expect(secure.cookie).toMatch(/; Secure$/);
    expect(secure.user.lastSignInAt).toBe(bench.clock.unixSeconds());
  });

  it('never says which half was wrong', async () => {
    const refusals = [wrong, { name: 'nobody', password: right.password }].map((one) =>
      bench.accounts.signIn(one, visitor()).catch((thrown: Error) => thrown.message),
    );
    expect(await Promise.all(refusals)).toEqual(Array(2).fill('The name or the password is wrong.'));
  });

  it('is closed to the disabled and to those without a password', async () => {
    await bench.addUser('by-provider', 'user');
    expect(await signIn({ name: 'by-provider', password: '' })).toBe('401 unauthenticated');
    await bench.addUser('root', 'admin');
    const { user } = await bench.accounts.signIn(right, visitor());
    await bench.accounts.editUser(user.id, { isDisabled: true });
    expect(await signIn()).toBe('401 unauthenticated');
  });

  it('is not taken from another site', async () => {
    const foreign = visitor({ origin: 'https://evil.example', host: 'localhost:31512' });
    expect(await signIn(right, foreign)).toBe('403 foreign_origin');
    expect(await signIn(right, visitor({ 'sec-fetch-site': 'cross-site' }))).toBe('403 foreign_origin');
    expect(await signIn(right, visitor({ 'sec-fetch-site': 'same-site' }))).toBe('403 foreign_origin');
    expect(await signIn(right, visitor({ 'sec-fetch-site': 'same-origin' }))).toBe('ann');
    expect(await signIn(right, visitor({ origin: 'http://localhost:31512', host: 'localhost:31512' }))).toBe('ann');
    const proxied = { origin: 'https://ai.example', host: '10.0.0.1:31512', 'x-forwarded-host': 'ai.example' };
    expect(await signIn(right, visitor(proxied))).toBe('ann');
  });

  it('ends the session that the browser had before', async () => {
    const first = await bench.accounts.signIn(right, visitor());
    const second = await bench.accounts.signIn(right, visitor(signedInHeaders(first)));
    expect(second.cookie).not.toBe(first.cookie);
    expect(await bench.who({ realm: 'management', headers: signedInHeaders(first) })).toBe('401 unauthenticated');
    expect(await bench.who({ realm: 'management', headers: signedInHeaders(second) })).toBe('session of ann');
  });
});

describe('guessing', () => {
  it('at a name waits after ten, from whichever address', async () => {
    for (let i = 0; i < 11; i++) expect(await signIn(wrong, visitor({}, `192.0.2.${i}`))).toBe('401 unauthenticated');
    const refused = bench.accounts.signIn(right, visitor({}, '198.51.100.1'));
    await expect(refused).rejects.toMatchObject({ code: 'too_many_attempts', detail: { retryAfter: 1 } });
    bench.clock.advance(1);
    expect(await signIn(right, visitor({}, '198.51.100.1'))).toBe('ann');
    expect(await signIn(wrong, visitor({}, '198.51.100.1'))).toBe('401 unauthenticated');
  });

  it('from an address waits after twenty, at whichever name', async () => {
    for (let i = 0; i < 21; i++) expect(await signIn({ ...wrong, name: `n${i}` })).toBe('401 unauthenticated');
    expect(await signIn()).toBe('429 too_many_attempts');
    expect(await signIn(right, visitor({}, '::ffff:192.0.2.1'))).toBe('429 too_many_attempts');
    expect(await signIn(right, visitor({}, '192.0.2.2'))).toBe('ann');
  });

  it('from a network of IPv6 counts as from one address', async () => {
    const from = (end: string) => visitor({}, `2001:db8::${end}`);
    for (let i = 0; i < 21; i++) await signIn({ ...wrong, name: `n${i}` }, from(`aaaa:${i}`));
    expect(await signIn(right, from('1'))).toBe('429 too_many_attempts');
    expect(await signIn(right, visitor({}, '2001:db8:0:0:ffff::'))).toBe('429 too_many_attempts');
    expect(await signIn(right, visitor({}, '2001:db8:0:1::1'))).toBe('ann');
  });

  it('gains nothing by many attempts at once, nor by an account of its own', async () => {
    const many = await Promise.all(Array.from({ length: 30 }, () => signIn({ ...wrong, name: 'nobody' })));
    expect(many.filter((one) => one === '401 unauthenticated')).toHaveLength(11);
    for (let i = 0; i < 9; i++) await signIn({ ...wrong, name: `n${i}` });
    expect(await signIn()).toBe('ann');
    await signIn({ ...wrong, name: 'm' });
    expect(await signIn()).toBe('429 too_many_attempts');
  });
});

describe('a session', () => {
  it('manages with its cookie: reads without more, changes with its token', async () => {
    const signedIn = await bench.accounts.signIn(right, visitor());
    const { cookie } = signedInHeaders(signedIn);
    const headers = { cookie };
    expect(bench.accounts.csrfTokenOf(signedIn.session)).toBe(signedIn.csrfToken);
    expect(await bench.who({ realm: 'management', headers })).toBe('session of ann');
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const asked = { realm: 'management', method } as const;
      expect(await bench.who({ ...asked, headers })).toBe('403 forbidden');
      expect(await bench.who({ ...asked, headers: { ...headers, 'x-csrf-token': 'x' } })).toBe('403 forbidden');
      const whole = signedInHeaders(signedIn);
      expect(await bench.who({ ...asked, headers: whole })).toBe('session of ann');
      const foreign = { ...whole, origin: 'https://evil.example', host: 'localhost' };
      expect(await bench.who({ ...asked, headers: foreign })).toBe('403 foreign_origin');
    }
  });

  it("is not changed with another session's token", async () => {
    const one = await bench.accounts.signIn(right, visitor());
    const other = await bench.accounts.signIn(right, visitor());
    const headers = { ...signedInHeaders(one), 'x-csrf-token': other.csrfToken };
    expect(await bench.who({ realm: 'management', method: 'POST', headers })).toBe('403 forbidden');
  });

  it('calls models with its token only', async () => {
    const signedIn = await bench.accounts.signIn(right, visitor());
    const headers = signedInHeaders(signedIn);
    expect(await bench.who({ method: 'POST', headers })).toBe('session of ann');
    expect(await bench.who({ method: 'POST', headers: { ...headers, 'x-csrf-token': undefined } })).toBe('local');
    expect(await bench.who({ method: 'POST', headers: { ...headers, cookie: 'aimindserve_session=x' } })).toBe('local');
  });

  it('ends when its user signs out, and nothing is left of its secret in the store', async () => {
    const signedIn = await bench.accounts.signIn(right, visitor());
    const rows = JSON.stringify(await bench.store.db.selectFrom('sessions').selectAll().execute());
    expect(rows).not.toContain(/=([\w-]+)/.exec(signedIn.cookie)?.[1]);
    const cookie = await bench.accounts.signOut(signedIn.session, visitor());
    expect(cookie).toMatch(/^aimindserve_session=; Path=\/; Max-Age=0;/);
    expect(await bench.who({ realm: 'management', headers: signedInHeaders(signedIn) })).toBe('401 unauthenticated');
  });

  it('ends after a week without use, and after a month in any case', async () => {
    const idle = await bench.accounts.signIn(right, visitor());
    bench.clock.advance(7 * daySeconds);
    expect(await bench.who({ realm: 'management', headers: signedInHeaders(idle) })).toBe('401 unauthenticated');
    const used = await bench.accounts.signIn(right, visitor());
    const ask = () => bench.who({ realm: 'management', headers: signedInHeaders(used) });
    for (let day = 0; day < 29; day += 1) {
      bench.clock.advance(daySeconds);
      expect(await ask()).toBe('session of ann');
    }
    bench.clock.advance(daySeconds);
    expect(await ask()).toBe('401 unauthenticated');
  });

  it('ends when its user is disabled or deleted', async () => {
    await bench.addUser('root', 'admin');
    const signedIn = await bench.accounts.signIn(right, visitor());
    const ask = () => bench.who({ realm: 'management', headers: signedInHeaders(signedIn) });
    await bench.accounts.editUser(signedIn.user.id, { isDisabled: true });
    await bench.accounts.editUser(signedIn.user.id, { isDisabled: false });
    expect(await ask()).toBe('401 unauthenticated');
    const again = await bench.accounts.signIn(right, visitor());
    await bench.accounts.createKey(again.user, { name: 'k', scopes: ['inference'], limits: {} });
    await bench.accounts.deleteUser(again.user.id);
    expect(await bench.who({ realm: 'management', headers: signedInHeaders(again) })).toBe('401 unauthenticated');
    expect(await allApiKeys(bench.store.db)).toEqual([]);
  });
});

describe('a new password', () => {
  it('needs the old one, and ends the other sessions', async () => {
    const other = await bench.accounts.signIn(right, visitor());
    const { session, user, ...rest } = await bench.accounts.signIn(right, visitor());
    const change = (currentPassword: string, newPassword: string) =>
      refusalOr(() => bench.accounts.changePassword(user, { currentPassword, newPassword }, session));
    expect(await change('wrong horses', 'battery staple')).toBe('400 invalid_value');
    expect(await change('correct horse', 'short')).toBe('400 invalid_value');
    expect(await change('correct horse', 'battery staple')).toBeUndefined();
    const ask = (headers: IncomingHttpHeaders) => bench.who({ realm: 'management', headers });
    expect(await ask(signedInHeaders(other))).toBe('401 unauthenticated');
    expect(await ask(signedInHeaders({ session, user, ...rest }))).toBe('session of ann');
    expect(await signIn({ name: 'ann', password: 'battery staple' })).toBe('ann');
    expect(await signIn()).toBe('401 unauthenticated');
  });

  it('by an administrator ends all sessions', async () => {
    const signedIn = await bench.accounts.signIn(right, visitor());
    await bench.accounts.resetPassword(signedIn.user.id, 'battery staple');
    expect(await bench.who({ realm: 'management', headers: signedInHeaders(signedIn) })).toBe('401 unauthenticated');
    expect(await signIn({ name: 'ann', password: 'battery staple' })).toBe('ann');
  });
});
