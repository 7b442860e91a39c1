/** The table of one-time links: whoever opens one becomes an administrator, or sets a user's password. */

import type { UserId } from '../fleet/user.ts';
import type { Db } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** A link by the hash of its token; times in Unix seconds. */
export interface AdminLink {
  readonly tokenHash: string;
  /** Whose password it sets; absent = it makes the first administrator. */
  readonly userId?: UserId;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Adds a link; earlier ones no longer open anything. */
export async function insertAdminLink(db: Db, link: AdminLink): Promise<void> {
  await inTransaction(db, async (inside) => {
    await deleteAdminLinks(inside);
    const row = { ...link, userId: link.userId ?? null, usedAt: null };
    await inside.insertInto('adminLinks').values(row).execute();
  });
}

/** Uses a link up: of many who try at once, one gets it. Absent = unknown, used or expired at `now`. */
export async function consumeAdminLink(db: Db, tokenHash: string, now: number): Promise<AdminLink | undefined> {
  const row = await db
    .updateTable('adminLinks')
    .set({ usedAt: now })
    .where('tokenHash', '=', tokenHash)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', now)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { createdAt, expiresAt, userId } = row;
  return { tokenHash, createdAt, expiresAt, ...(userId !== null && { userId }) };
}

/** Forgets all links. */
export async function deleteAdminLinks(db: Db): Promise<void> {
  await db.deleteFrom('adminLinks').execute();
}
