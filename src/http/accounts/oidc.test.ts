/** Signing in at a provider that is real enough: it runs on loopback, and does not always behave. */

import type { IncomingHttpHeaders } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isAppError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { createOutbound } from '../../outbound/http-client.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { findUserByName } from '../../store/users.ts';
import type { SignedIn } from './accounts.ts';
import { type AccountsBench, openBench, signedInHeaders, visitor } from './fixtures/accounts-bench.ts';
import { startProvider, type TestProvider, testClient } from './fixtures/oidc-provider.ts';
import type { OidcSettings } from './oidc.ts';

const browser = { host: 'ai.example', 'sec-fetch-site': 'cross-site' } as const;
const ann = { sub: 'subject-1', preferred_username: 'Ann Example', name: 'Ann Example', groups: ['staff'] };

let provider: TestProvider;
let outbound: Outbound;
let bench: AccountsBench;

beforeAll(async () => {
  provider = await startProvider({ claims: ann });
  outbound = createOutbound({ environment: {}, allowedHosts: () => [provider.host], log: silentLog });
});

afterAll(async () => {
  await outbound.close();
  await provider.close();
});

beforeEach(async () => {
  provider.mood = { claims: ann };
  bench = await open();
});

afterEach(() => bench.close());

function open(settings: Partial<OidcSettings> = {}): Promise<AccountsBench> {
  const usual = { label: 'Company', groupsClaim: 'groups', adminGroups: ['ops'], userGroups: ['staff'] };
  return openBench({
    oidc: { settings: { issuer: provider.issuer, ...testClient, ...usual, ...settings }, outbound },
  });
}

async function reopen(settings: Partial<OidcSettings>): Promise<void> {
  await bench.close();
  bench = await open(settings);
}

/** Goes to the provider; the answer is what the browser comes back with. */
async function go(headers: IncomingHttpHeaders = browser) {
  const started = await bench.accounts.provider?.start(visitor(headers));
  const back = await provider.visit(started?.location ?? '');
  return { ...back, cookie: started?.cookie.split(';', 1)[0] ?? '', setCookie: started?.cookie ?? '' };
}

async function finish(query: string, cookie: string): Promise<SignedIn> {
  const { provider: here } = bench.accounts;
  if (here === undefined) throw new TypeError('no provider');
  return await here.finish(query, visitor({ ...browser, cookie }));
}

async function signIn(): Promise<SignedIn> {
  const { query, cookie } = await go();
  return await finish(query, cookie);
}

/** The refusal in words. */
async function refusal(work: () => Promise<unknown> = signIn): Promise<string> {
  try {
    await work();
    return 'in';
  } catch (thrown) {
    return isAppError(thrown) ? `${thrown.status} ${thrown.code}: ${thrown.message}` : String(thrown);
  }
}

describe('a sign-in at the provider', () => {
  it('makes the user at the first time, and knows them at the next', async () => {
    const first = await signIn();
    expect(first.user).toMatchObject({ name: 'Ann-Example', fullName: 'Ann Example', role: 'user', origin: 'oidc' });
    expect(await bench.who({ realm: 'management', headers: signedInHeaders(first) })).toBe('session of Ann-Example');
    provider.mood = { claims: { ...ann, preferred_username: 'renamed' } };
    const second = await signIn();
    expect(second.user.id).toBe(first.user.id);
    expect(second.user.name).toBe('Ann-Example');
  });

  it('sends the browser to the provider with a cookie that lives for ten minutes', async () => {
    const { address, setCookie } = await go();
    expect(address).toBe('http://ai.example/api/v1/oidc/callback');
    expect(setCookie).toMatch(/^aimindserve_sign_in=[\w.-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/);
  });

  it('comes back to the public address where one is set', async () => {
    await reopen({ publicUrl: 'https://public.example/' });
    const { address, query, cookie } = await go();
    expect(address).toBe('https://public.example/api/v1/oidc/callback');
    expect((await finish(query, cookie)).user.name).toBe('Ann-Example');
  });

  it('never takes over an account that is here already', async () => {
    const local = await bench.accounts.createUser({ name: 'ann-example', role: 'admin', password: 'correct horse' });
    const { user } = await signIn();
    expect(user).toMatchObject({ name: 'Ann-Example-2', role: 'user' });
    expect(user.id).not.toBe(local.id);
  });

  it('gives no password to guess', async () => {
    await signIn();
    const guess = () => bench.accounts.signIn({ name: 'Ann-Example', password: '' }, visitor());
    expect(await refusal(guess)).toBe('401 unauthenticated: The name or the password is wrong.');
  });

  it('takes the next best name', async () => {
    const names = [];
    const each = [{ sub: 'a', email: 'b@c.example' }, { sub: '--d' }, { sub: '日本' }, { sub: `x${'y'.repeat(99)}` }];
    for (const claims of each) {
      provider.mood = { claims: { ...claims, groups: ['staff'] } };
      names.push((await signIn()).user.name);
    }
    expect(names).toEqual(['b@c.example', 'd', 'user', `x${'y'.repeat(59)}`]);
  });
});

describe('groups', () => {
  it('make administrators, and unmake them', async () => {
    await bench.addUser('root', 'admin');
    provider.mood = { claims: { ...ann, groups: ['ops'] } };
    expect((await signIn()).user.role).toBe('admin');
    provider.mood = { claims: { ...ann, groups: 'staff' } };
    expect((await signIn()).user.role).toBe('user');
  });

  it('do not unmake the last administrator', async () => {
    provider.mood = { claims: { ...ann, groups: ['ops'] } };
    await signIn();
    provider.mood = { claims: ann };
    expect((await signIn()).user.role).toBe('admin');
  });

  it('keep others out, and make no account for them', async () => {
    for (const groups of [[], ['guests'], undefined, 7, [['ops']]]) {
      provider.mood = { claims: { ...ann, groups } };
      expect(await refusal()).toBe('403 forbidden: None of your groups may use this server; ask an administrator.');
    }
    expect(await findUserByName(bench.store.db, 'Ann-Example')).toBeUndefined();
  });

  it('are asked for a second time where the first answer has none', async () => {
    const { groups: _groups, ...claims } = ann;
    provider.mood = { claims, userInfo: { groups: ['ops'] } };
    expect((await signIn()).user.role).toBe('admin');
  });

  it('are not needed where none is set: roles are kept here', async () => {
    await reopen({ adminGroups: [], userGroups: [] });
    provider.mood = { claims: { sub: 'x', preferred_username: 'x' } };
    const { user } = await signIn();
    await bench.accounts.editUser(user.id, { role: 'admin' });
    expect((await signIn()).user.role).toBe('admin');
  });

  it('do not help the disabled', async () => {
    const { user } = await signIn();
    await bench.accounts.editUser(user.id, { isDisabled: true });
    expect(await refusal()).toBe('403 forbidden: This account is disabled; ask an administrator.');
  });
});

describe('a browser that comes back', () => {
  const begun = '401 unauthenticated: This sign-in began elsewhere, or too long ago; begin again.';

  it('must have left from here', async () => {
    const { query, cookie } = await go();
    const other = await go();
    expect(await refusal(() => finish(query, ''))).toBe(begun);
    expect(
      await refusal(() =>
        finish(
          query,
          cookie.replace(/.$/, (end) => (end === '0' ? '1' : '0')),
        ),
      ),
    ).toBe(begun);
    expect(await refusal(() => finish(query, 'aimindserve_sign_in=e30.x'))).toBe(begun);
    expect(await refusal(() => finish(query, other.cookie))).toMatch(/^503 outbound_failed: .*cannot be trusted/);
    expect(await refusal(() => finish(query, cookie))).toBe('in');
    expect(await refusal(() => finish(query, cookie))).toMatch(
      /^503 outbound_failed: .* refused: the code is not good/,
    );
  });

  it('must be back within ten minutes', async () => {
    const { query, cookie } = await go();
    bench.clock.advance(600);
    expect(await refusal(() => finish(query, cookie))).toBe(begun);
  });

  it('may have changed its mind', async () => {
    provider.mood = { claims: ann, denies: true };
    expect(await refusal()).toBe(`401 unauthenticated: ${provider.host} did not let you in: access_denied.`);
  });

  it('may bring anything', async () => {
    const { cookie } = await go();
    for (const query of ['', 'code=x', 'state=x&code=y', '%00', '&&&==', 'error=x&error=y'])
      expect(await refusal(() => finish(query, cookie))).toMatch(/^(401|503) /);
  });
});

describe('a provider that misbehaves', () => {
  const past = Math.floor(Date.now() / 1000) - 3_600;
  it.each([
    ['signs with another key', { forges: true }],
    ['speaks of another sign-in', { token: { nonce: 'other' } }],
    ['speaks for another', { token: { iss: 'https://evil.example' } }],
    ['speaks to another', { token: { aud: 'other' } }],
    ['speaks of the past', { token: { iat: past, exp: past + 60 } }],
    ['names nobody', { token: { sub: undefined } }],
    ['gives two answers', { userInfo: { sub: 'other' }, token: { groups: undefined } }],
  ])('%s: nobody is let in', async (_what, mood) => {
    provider.mood = { claims: ann, ...mood };
    expect(await refusal()).toMatch(
      new RegExp(`^503 outbound_failed: What ${provider.host} answered cannot be trusted`),
    );
    expect(await findUserByName(bench.store.db, 'Ann-Example')).toBeUndefined();
  });

  it('claims to be another: not even begun', async () => {
    provider.mood = { claims: ann, issuer: 'https://evil.example' };
    expect(await refusal()).toMatch(/^503 outbound_failed: What .* answered cannot be trusted/);
  });

  it('fails: said in words, and tried again the next time', async () => {
    provider.mood = { claims: ann, fails: 500 };
    expect(await refusal()).toMatch(/^503 outbound_failed: /);
    provider.mood = { claims: ann };
    expect(await refusal()).toBe('in');
    provider.mood = { claims: ann, fails: 502 };
    expect(await refusal(async () => await finish('code=x&state=y', (await go()).cookie))).toMatch(/^503 /);
  });

  it('is not there', async () => {
    await reopen({ issuer: 'http://127.0.0.1:1' });
    expect(await refusal()).toMatch(/^503 outbound_failed: The provider cannot be reached: /);
  });

  it('has another secret', async () => {
    await reopen({ clientSecret: 'wrong' });
    expect(await refusal()).toMatch(/^503 outbound_failed: .* refused: invalid_client\. .*check the client's id/);
  });
});

describe('the settings', () => {
  it.each(['http://sso.example', 'ftp://127.0.0.1', 'sso', ''])('an issuer at %j is refused', async (issuer) => {
    expect(await refusal(() => open({ issuer }))).toMatch(/^78 invalid_config: The issuer/);
  });
});
