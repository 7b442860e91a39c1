/** One-time links: the first makes the first administrator, later ones set a forgotten password. */

import { randomBytes } from 'node:crypto';
import { AuthError, RequestError } from '../../base/errors.ts';
import type { AdminLinkUse, User, UserId } from '../../fleet/user.ts';
import { consumeAdminLink, insertAdminLink } from '../../store/admin-links.ts';
import type { Db } from '../../store/tables.ts';
import { inTransaction } from '../../store/transaction.ts';
import { countAdmins } from '../../store/users.ts';
import { checkPassword, hashPassword } from './passwords.ts';
import type { SessionParts } from './sessions.ts';
import { addUser, givePassword, userOf } from './users.ts';

/** Long enough to walk to another machine, too short to be found in a history. */
const validSeconds = 1_800;
const tokenBytes = 32;

/** A link, to be told to one person. */
export interface NewAdminLink {
  readonly url: string;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/**
 * Makes a link for the console at `baseUrl`; earlier ones no longer open anything. The token stands after `#`, which
 * browsers send to no server and no log. Without `userId` it makes the first administrator, once.
 */
export async function createAdminLink(
  { db, clock, hash }: SessionParts,
  { baseUrl, userId }: { readonly baseUrl: string; readonly userId?: UserId },
): Promise<NewAdminLink> {
  const token = randomBytes(tokenBytes).toString('base64url');
  const createdAt = clock.unixSeconds();
  const expiresAt = createdAt + validSeconds;
  const tokenHash = hash('admin-link', token);
  await insertAdminLink(db, { tokenHash, createdAt, expiresAt, ...(userId !== undefined && { userId }) });
  return { url: `${baseUrl}/#/setup?token=${token}`, expiresAt };
}

/** Uses a link: all or nothing, so that a bad name or password does not use it up. */
export async function redeemAdminLink({ db, clock, hash }: SessionParts, use: AdminLinkUse): Promise<User> {
  const now = clock.unixSeconds();
  checkPassword(use.password, use.name ?? '', 'password');
  return await inTransaction(db, async (inside) => {
    const link = await consumeAdminLink(inside, hash('admin-link', use.token), now);
    if (link === undefined) throw deadLink();
    // Only now: strangers with made-up tokens must not make us work.
    const passwordHash = await hashPassword(use.password);
    if (link.userId !== undefined) return await resetBy(inside, link.userId, passwordHash);
    if ((await countAdmins(inside)) > 0)
      throw new RequestError('conflict', 'There is an administrator already; sign in, or ask them for an account.');
    const { name } = use;
    if (name === undefined) throw new RequestError('missing_field', 'An administrator has a name.', { param: 'name' });
    return await addUser(inside, { wish: { name, role: 'admin' }, passwordHash, now });
  });
}

async function resetBy(db: Db, userId: UserId, passwordHash: string): Promise<User> {
  await givePassword(db, userId, { passwordHash });
  return await userOf(db, userId);
}

function deadLink(): AuthError {
  const message = "This link is used up, or older than 30 minutes. 'aimindserve admin link' makes another.";
  return new AuthError('unauthenticated', message);
}
