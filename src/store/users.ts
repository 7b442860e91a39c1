/** The table of users: accounts, their password hashes and who they are at the company's provider. */

import type { Selectable } from 'kysely';
import type { User, UserId } from '../fleet/user.ts';
import { type Page, type Paged, readPage } from './page.ts';
import type { Db, Tables } from './tables.ts';
import { orTaken } from './transaction.ts';

/** A user with what only the store knows of them. */
export interface NewUser {
  readonly user: User;
  readonly passwordHash?: string;
  /** The provider's own name for them (issuer and subject). */
  readonly oidcSubject?: string;
}

/** What may change of a user; `fullName: null` takes it away. */
export interface UserChanges {
  readonly name?: string;
  readonly fullName?: string | null;
  readonly role?: User['role'];
  readonly isDisabled?: boolean;
}

const columns = {
  searched: ['name', 'fullName'],
  sorts: ['name', 'fullName', 'role', 'createdAt', 'lastSignInAt'],
} as const;

/** Adds a user; `name_taken` also where the provider's name for them is known already. */
export function insertUser(db: Db, { user, passwordHash, oidcSubject }: NewUser): Promise<User | 'name_taken'> {
  const row = {
    ...user,
    nameKey: user.name.toLowerCase(),
    fullName: user.fullName ?? null,
    lastSignInAt: user.lastSignInAt ?? null,
    isDisabled: user.isDisabled ? (1 as const) : (0 as const),
    passwordHash: passwordHash ?? null,
    oidcSubject: oidcSubject ?? null,
  };
  return orTaken(db.insertInto('users').values(row).returningAll().executeTakeFirstOrThrow().then(toUser));
}

/** The user of this id. */
export async function findUser(db: Db, id: UserId): Promise<User | undefined> {
  const row = await db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toUser(row);
}

/** The user of this name, whatever its case. */
export async function findUserByName(db: Db, name: string): Promise<User | undefined> {
  const row = await db.selectFrom('users').selectAll().where('nameKey', '=', name.toLowerCase()).executeTakeFirst();
  return row && toUser(row);
}

/** The user whom the company's provider calls so. */
export async function findUserByOidcSubject(db: Db, subject: string): Promise<User | undefined> {
  const row = await db.selectFrom('users').selectAll().where('oidcSubject', '=', subject).executeTakeFirst();
  return row && toUser(row);
}

/** Users in pages. */
export function listUsers(db: Db, page: Page): Promise<Paged<User>> {
  return readPage(db.selectFrom('users').selectAll(), page, { columns, read: toUser });
}

/** Changes a user who is still at `expectedRevision`; `changed` = is not, or is gone. */
export async function updateUser(
  db: Db,
  { id, revision }: Pick<User, 'id' | 'revision'>,
  changes: UserChanges,
): Promise<User | 'changed' | 'name_taken'> {
  const { isDisabled, name, ...rest } = changes;
  const update = db
    .updateTable('users')
    .set({
      ...rest,
      ...(name !== undefined && { name, nameKey: name.toLowerCase() }),
      ...(isDisabled !== undefined && { isDisabled: isDisabled ? (1 as const) : (0 as const) }),
      revision: revision + 1,
    })
    .where('id', '=', id)
    .where('revision', '=', revision)
    .returningAll();
  const row = await orTaken(update.executeTakeFirst());
  if (row === 'name_taken') return row;
  return row === undefined ? 'changed' : toUser(row);
}

/** Removes a user with their keys and sessions; false = there was none. */
export async function deleteUser(db: Db, id: UserId): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('users').where('id', '=', id).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** How many administrators may sign in. */
export async function countAdmins(db: Db): Promise<number> {
  const { total } = await db
    .selectFrom('users')
    .select((each) => each.fn.countAll<number>().as('total'))
    .where('role', '=', 'admin')
    .where('isDisabled', '=', 0)
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** The hash of a user's password; absent where they have none. */
export async function passwordHashOf(db: Db, id: UserId): Promise<string | undefined> {
  const row = await db.selectFrom('users').select('passwordHash').where('id', '=', id).executeTakeFirst();
  return row?.passwordHash ?? undefined;
}

/** Gives a user a password. */
export async function setPasswordHash(db: Db, id: UserId, passwordHash: string): Promise<void> {
  await db.updateTable('users').set({ passwordHash }).where('id', '=', id).execute();
}

/** Notes that a user signed in; no edit, so the revision stays. */
export async function touchSignIn(db: Db, id: UserId, at: number): Promise<void> {
  await db.updateTable('users').set({ lastSignInAt: at }).where('id', '=', id).execute();
}

function toUser(row: Selectable<Tables['users']>): User {
  return {
    id: row.id,
    name: row.name,
    ...(row.fullName !== null && { fullName: row.fullName }),
    role: row.role,
    origin: row.origin,
    isDisabled: row.isDisabled === 1,
    createdAt: row.createdAt,
    ...(row.lastSignInAt !== null && { lastSignInAt: row.lastSignInAt }),
    revision: row.revision,
  };
}
