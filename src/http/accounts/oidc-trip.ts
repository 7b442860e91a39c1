/** What a browser carries to the provider and back, so that nobody else can end its sign-in. */

import { timingSafeEqual } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/schema';
import { readCookie } from './cookie.ts';
import type { SecretHash } from './secret-hash.ts';

/** The cookie it travels in. */
export const tripCookieName = 'aimindserve_sign_in';
/** How long one may take to sign in at the provider. */
export const tripSeconds = 600;

const tripSchema = Type.Object({
  state: Type.String(),
  nonce: Type.String(),
  verifier: Type.String(),
  redirectUri: Type.String(),
  expiresAt: Type.Integer(),
});

/** The secrets of one sign-in under way. */
export type Trip = Static<typeof tripSchema>;

/** As the value of a cookie, signed. */
export function writeTrip(trip: Trip, hash: SecretHash): string {
  const text = Buffer.from(JSON.stringify(trip)).toString('base64url');
  return `${text}.${hash('sign-in', text)}`;
}

/** The trip of a request's cookie, if it is ours and not over. */
export function readTrip(
  cookies: string | undefined,
  { hash, now }: { readonly hash: SecretHash; readonly now: number },
): Trip | undefined {
  const [text = '', signature = ''] = (readCookie(cookies, tripCookieName) ?? '').split('.');
  const expected = Buffer.from(hash('sign-in', text));
  const given = Buffer.from(signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
  const trip: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
  return Check(tripSchema, trip) && trip.expiresAt > now ? trip : undefined;
}
