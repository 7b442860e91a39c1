/** Sessions: who signed in keeps a cookie; what changes things must also send the token that belongs to it. */

import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { AuthError } from '../../base/errors.ts';
import type { Caller } from '../../fleet/caller.ts';
import type { Session, User } from '../../fleet/user.ts';
import {
  deleteExpiredSessions,
  deleteSession,
  findSessionByTokenHash,
  insertSession,
  touchSession,
} from '../../store/sessions.ts';
import type { Db } from '../../store/tables.ts';
import { findUser, touchSignIn } from '../../store/users.ts';
import type { SignedIn, Visitor } from './accounts.ts';
import type { Presented } from './authenticate.ts';
import { readCookie, writeCookie } from './cookie.ts';
import { newSessionId } from './ids.ts';
import { checkSameOrigin } from './same-origin.ts';
import type { SecretHash } from './secret-hash.ts';

const cookieName = 'aimindserve_session';
const csrfHeader = 'x-csrf-token';
const daySeconds = 86_400;
/** A session nobody uses ends after a week, any session after a month. */
const idleSeconds = 7 * daySeconds;
const longestSeconds = 30 * daySeconds;
/** How exactly it is known when a session was last used. */
const touchSeconds = 60;
const tokenBytes = 32;
const userAgentLength = 200;

/** What sessions need. */
export interface SessionParts {
  readonly db: Db;
  readonly clock: Clock;
  readonly hash: SecretHash;
}

/** The sign-ins of this server. */
export class Sessions {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #hash: SecretHash;

  constructor({ db, clock, hash }: SessionParts) {
    this.#db = db;
    this.#clock = clock;
    this.#hash = hash;
  }

  /** Begins a session, in place of the one the visitor may still have: a cookie from before must not outlive a sign-in. */
  async begin(user: User, visitor: Visitor): Promise<SignedIn> {
    const now = this.#clock.unixSeconds();
    await this.#endEarlier(visitor, now);
    const token = randomBytes(tokenBytes).toString('base64url');
    const session: Session = {
      id: newSessionId(),
      userId: user.id,
      createdAt: now,
      expiresAt: now + idleSeconds,
      lastSeenAt: now,
      userAgent: (visitor.headers['user-agent'] ?? '').slice(0, userAgentLength),
    };
    const csrfToken = this.csrfTokenOf(session);
    await insertSession(this.#db, { session, tokenHash: this.#hash('session', token), csrf: csrfToken });
    await touchSignIn(this.#db, user.id, now);
    return { user: { ...user, lastSignInAt: now }, session, csrfToken, cookie: cookieOf(token, visitor) };
  }

  /** Ends a session; answers with the header that removes its cookie. */
  async end(session: Session, visitor: Visitor): Promise<string> {
    await deleteSession(this.#db, session.id);
    return cookieOf('', visitor);
  }

  /** What must be sent along with everything but reading; the cookie alone could be sent by another site's page. */
  csrfTokenOf({ id }: Session): string {
    return this.#hash('csrf', id);
  }

  /** Who the cookie of a request belongs to; absent = no cookie, or none that counts here. */
  async callerOf({ headers, method, realm }: Presented): Promise<Caller | undefined> {
    const token = readCookie(headers.cookie, cookieName);
    const csrf = headers[csrfHeader];
    // Calling models is for keys; the console calls them too, and shows by its token that it is no other page.
    if (token === undefined || (realm === 'inference' && csrf === undefined)) return undefined;
    const session = await this.#find(token);
    const user = session && (await findUser(this.#db, session.userId));
    if (session === undefined || user === undefined || user.isDisabled) return undefined;
    const isReading = method === 'GET' || method === 'HEAD';
    if (!isReading || realm === 'inference') {
      checkSameOrigin(headers);
      checkCsrf(this.csrfTokenOf(session), csrf);
    }
    return { kind: 'session', session: await this.#touch(session), user };
  }

  async #find(token: string): Promise<Session | undefined> {
    const found = await findSessionByTokenHash(this.#db, this.#hash('session', token));
    return found && found.session.expiresAt > this.#clock.unixSeconds() ? found.session : undefined;
  }

  async #touch(session: Session): Promise<Session> {
    const now = this.#clock.unixSeconds();
    if (now - session.lastSeenAt < touchSeconds) return session;
    const expiresAt = Math.min(now + idleSeconds, session.createdAt + longestSeconds);
    await touchSession(this.#db, session.id, { lastSeenAt: now, expiresAt });
    return { ...session, lastSeenAt: now, expiresAt };
  }

  async #endEarlier({ headers }: Visitor, now: number): Promise<void> {
    const token = readCookie(headers.cookie, cookieName);
    const earlier = token === undefined ? undefined : await this.#find(token);
    if (earlier !== undefined) await deleteSession(this.#db, earlier.id);
    await deleteExpiredSessions(this.#db, now);
  }
}

function cookieOf(token: string, { isSecure }: Visitor): string {
  const maxAgeSeconds = token === '' ? 0 : longestSeconds;
  return writeCookie({ name: cookieName, value: token, maxAgeSeconds, sameSite: 'Strict', isSecure });
}

function checkCsrf(expected: string, given: string | string[] | undefined): void {
  const known = Buffer.from(expected);
  const shown = Buffer.from(typeof given === 'string' ? given : '');
  if (known.length !== shown.length || !timingSafeEqual(known, shown))
    throw new AuthError('forbidden', `Changes by a signed-in browser must carry the header '${csrfHeader}'.`);
}
