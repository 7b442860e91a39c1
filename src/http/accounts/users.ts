/** Making, changing and removing users; there is always an administrator who may sign in. */

import { RequestError } from '../../base/errors.ts';
import type { SessionId, User, UserEdit, UserId, UserWish } from '../../fleet/user.ts';
import { deleteSessionsOf } from '../../store/sessions.ts';
import type { Db } from '../../store/tables.ts';
import { inTransaction } from '../../store/transaction.ts';
import { countAdmins, deleteUser, findUser, insertUser, setPasswordHash, updateUser } from '../../store/users.ts';
import { newUserId } from './ids.ts';
import { checkPassword, hashPassword } from './passwords.ts';

/** A user to be added, their password hashed already. */
export interface UserToAdd {
  readonly wish: Omit<UserWish, 'password'>;
  readonly passwordHash?: string;
  /** Issuer and subject at the company's provider. */
  readonly oidcSubject?: string;
  readonly now: number;
}

/** Adds a user; throws `name_taken`. */
export async function addUser(db: Db, { wish, passwordHash, oidcSubject, now }: UserToAdd): Promise<User> {
  const user: User = {
    id: newUserId(),
    name: wish.name,
    ...(wish.fullName !== undefined && { fullName: wish.fullName }),
    role: wish.role,
    origin: oidcSubject === undefined ? 'local' : 'oidc',
    isDisabled: false,
    createdAt: now,
    revision: 1,
  };
  const added = await insertUser(db, {
    user,
    ...(passwordHash !== undefined && { passwordHash }),
    ...(oidcSubject !== undefined && { oidcSubject }),
  });
  if (added === 'name_taken') throw nameTaken(wish.name);
  return added;
}

/** Changes a user; who is disabled is signed out everywhere. */
export function changeUser(db: Db, id: UserId, { edit, revision }: RevisedEdit): Promise<User> {
  return inTransaction(db, async (inside) => {
    const before = await userOf(inside, id);
    if (revision !== undefined && revision !== before.revision) throw changedMeanwhile();
    const { fullName } = edit;
    const after = await updateUser(inside, before, { ...edit, ...(fullName === '' && { fullName: null }) });
    if (after === 'changed') throw changedMeanwhile();
    if (after === 'name_taken') throw nameTaken(edit.name ?? before.name);
    if (after.isDisabled) await deleteSessionsOf(inside, id);
    await keepAnAdministrator(inside, before);
    return after;
  });
}

/** A change, and the revision it was made for. */
export interface RevisedEdit {
  readonly edit: UserEdit;
  /** Absent = whatever it is now. */
  readonly revision?: number | undefined;
}

/** Removes a user with their sessions and keys. */
export function removeUser(db: Db, id: UserId): Promise<void> {
  return inTransaction(db, async (inside) => {
    const before = await userOf(inside, id);
    await deleteUser(inside, id);
    await keepAnAdministrator(inside, before);
  });
}

/** Sets a user's password, as an administrator may; it ends all their sessions. */
export async function resetPassword(db: Db, id: UserId, password: string): Promise<void> {
  checkPassword(password, (await userOf(db, id)).name, 'password');
  await givePassword(db, id, { passwordHash: await hashPassword(password) });
}

/** Gives a user a password, and ends the sessions that the old one began. */
export function givePassword(db: Db, id: UserId, { passwordHash, keep }: NewPassword): Promise<void> {
  return inTransaction(db, async (inside) => {
    await userOf(inside, id);
    await setPasswordHash(inside, id, passwordHash);
    await deleteSessionsOf(inside, id, keep);
  });
}

/** A password, and the session in which it was set. */
export interface NewPassword {
  readonly passwordHash: string;
  readonly keep?: SessionId;
}

/** The user of this id; throws `not_found`. */
export async function userOf(db: Db, id: UserId): Promise<User> {
  const user = await findUser(db, id);
  if (user === undefined) throw new RequestError('not_found', `There is no user '${id}'.`);
  return user;
}

/** After a change: had it made the last administrator powerless, it is undone. */
async function keepAnAdministrator(db: Db, before: User): Promise<void> {
  if (before.role !== 'admin' || before.isDisabled || (await countAdmins(db)) > 0) return;
  const message = `'${before.name}' is the last administrator; make another one first.`;
  throw new RequestError('conflict', message);
}

/** The name belongs to somebody. */
function nameTaken(name: string): RequestError {
  return new RequestError('name_taken', `There is a user '${name}' already.`, { param: 'name' });
}

function changedMeanwhile(): RequestError {
  return new RequestError('changed_meanwhile', 'Somebody changed this in the meantime; look at it again.');
}
