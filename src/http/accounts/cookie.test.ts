/** Cookies as browsers send them, and as strangers might. */

import { expect, it } from 'vitest';
import { readCookie, writeCookie } from './cookie.ts';

it.each([
  [undefined, undefined],
  ['', undefined],
  ['a=1', undefined],
  ['session=x', 'x'],
  ['a=1; session=x; b=2', 'x'],
  ['a=1;session=x', 'x'],
  ['session=x=y', 'x=y'],
  ['session=', ''],
  ['xsession=1; session=2; session=3', '2'],
  ['=x; session', undefined],
])('%j holds %j', (header, value) => {
  expect(readCookie(header, 'session')).toBe(value);
});

it('writes what no script can read', () => {
  const cookie = { name: 'session', value: 'x', maxAgeSeconds: 60, sameSite: 'Strict', isSecure: true } as const;
  expect(writeCookie(cookie)).toBe('session=x; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure');
  expect(writeCookie({ ...cookie, isSecure: false })).not.toContain('Secure');
});
