/** Somebody who has just signed in, as an answer: the cookie, and the token that belongs to it. */

import { Type } from 'typebox';
import type { SignedIn } from '../accounts/accounts.ts';
import { encodeUser, userSchema } from './people.ts';
import type { Result } from './result.ts';
import type { Call } from './route.ts';

/** The reply to a sign-in. */
export const signedInSchema = Type.Object(
  {
    user: userSchema,
    /** Unix seconds. */
    expiresAt: Type.Integer(),
    /** To be sent as `x-csrf-token` with everything but reading. */
    csrfToken: Type.String(),
  },
  { title: 'SignedIn' },
);

/** Answers with it. */
export function sendSignedIn(signedIn: SignedIn, call: Call): Result {
  const { user, session, cookie, csrfToken } = signedIn;
  noteSignIn(signedIn, call);
  const body = { user: encodeUser(user), expiresAt: session.expiresAt, csrfToken };
  return { kind: 'json', body, headers: { 'set-cookie': cookie } };
}

/** Says in the audit log who it was. */
export function noteSignIn({ user, session }: SignedIn, call: Call): void {
  call.note({ targetId: user.id, targetName: user.name, actor: { kind: 'session', session, user } });
}
