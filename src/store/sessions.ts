/** The table of sessions: sign-ins by the hash of their cookie. */

import type { Selectable } from 'kysely';
import type { Session, SessionId, UserId } from '../fleet/user.ts';
import type { Db, Tables } from './tables.ts';

/** A session with its two secrets: the cookie's hash, and the token that forms must send back. */
export interface StoredSession {
  readonly session: Session;
  readonly tokenHash: string;
  readonly csrf: string;
}

/** Adds a session. */
export async function insertSession(db: Db, { session, tokenHash, csrf }: StoredSession): Promise<void> {
  await db
    .insertInto('sessions')
    .values({ ...session, tokenHash, csrf })
    .execute();
}

/** The session whose cookie has this hash; may have expired. */
export async function findSessionByTokenHash(db: Db, tokenHash: string): Promise<StoredSession | undefined> {
  const row = await db.selectFrom('sessions').selectAll().where('tokenHash', '=', tokenHash).executeTakeFirst();
  return row && { session: toSession(row), tokenHash: row.tokenHash, csrf: row.csrf };
}

/** Notes that a session is in use, and until when it now lasts. */
export async function touchSession(
  db: Db,
  id: SessionId,
  times: Pick<Session, 'lastSeenAt' | 'expiresAt'>,
): Promise<void> {
  await db
    .updateTable('sessions')
    .set({ lastSeenAt: times.lastSeenAt, expiresAt: times.expiresAt })
    .where('id', '=', id)
    .execute();
}

/** Ends one session. */
export async function deleteSession(db: Db, id: SessionId): Promise<void> {
  await db.deleteFrom('sessions').where('id', '=', id).execute();
}

/** Ends all sessions of a user, but for `except`. */
export async function deleteSessionsOf(db: Db, userId: UserId, except?: SessionId): Promise<void> {
  const all = db.deleteFrom('sessions').where('userId', '=', userId);
  await (except === undefined ? all : all.where('id', '!=', except)).execute();
}

/** Removes what has expired by `now` (Unix seconds); how many. */
export async function deleteExpiredSessions(db: Db, now: number): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('sessions').where('expiresAt', '<=', now).executeTakeFirst();
  return Number(numDeletedRows);
}

function toSession(row: Selectable<Tables['sessions']>): Session {
  const { tokenHash: _tokenHash, csrf: _csrf, ...session } = row;
  return session;
}
