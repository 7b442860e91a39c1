/** Who somebody from the provider is here: known by its name for them, with the role of their groups. */

import { AuthError, isAppError } from '../../base/errors.ts';
import type { Role, User } from '../../fleet/user.ts';
import type { Db } from '../../store/tables.ts';
import { findUserByOidcSubject } from '../../store/users.ts';
import type { Claims, OidcSettings } from './oidc.ts';
import { addUser, changeUser } from './users.ts';

/** So many may have one name before somebody must choose. */
const mostNamesakes = 50;
/** Leaves room for a number behind it. */
const longestName = 60;

/** The user of these claims: made at the first sign-in, given the role of their groups at each. */
export async function userOfClaims(
  db: Db,
  claims: Claims,
  { settings, now }: { readonly settings: OidcSettings; readonly now: number },
): Promise<User> {
  const role = roleOf(claims, settings);
  const known = await findUserByOidcSubject(db, claims.subject);
  if (known === undefined) return await firstTime(db, claims, { role, now });
  if (known.isDisabled) throw new AuthError('forbidden', 'This account is disabled; ask an administrator.');
  return settings.adminGroups.length === 0 || known.role === role ? known : await inRole(db, known, role);
}

function roleOf({ all }: Claims, { groupsClaim, adminGroups, userGroups }: OidcSettings): Role {
  const claim = all[groupsClaim];
  const groups = (Array.isArray(claim) ? claim : [claim]).filter((group) => typeof group === 'string');
  if (groups.some((group) => adminGroups.includes(group))) return 'admin';
  if (userGroups.length === 0 || groups.some((group) => userGroups.includes(group))) return 'user';
  throw new AuthError('forbidden', 'None of your groups may use this server; ask an administrator.');
}

/** The last administrator stays one, whatever the groups say: else nobody could put it right. */
async function inRole(db: Db, user: User, role: Role): Promise<User> {
  try {
    return await changeUser(db, user.id, { edit: { role } });
  } catch (thrown) {
    if (isAppError(thrown) && thrown.code === 'conflict') return user;
    throw thrown;
  }
}

/** Never an account that is here already, though it has the same name: who it belongs to, the provider cannot know. */
async function firstTime(
  db: Db,
  { subject, all }: Claims,
  { role, now }: { readonly role: Role; readonly now: number },
): Promise<User> {
  const name = nameOf(all);
  const fullName = typeof all['name'] === 'string' ? all['name'].slice(0, 200) : undefined;
  for (let number = 1; ; number++) {
    const wish = { name: number === 1 ? name : `${name}-${number}`, role, ...(fullName !== undefined && { fullName }) };
    try {
      return await addUser(db, { wish, oidcSubject: subject, now });
    } catch (thrown) {
      const isTaken = isAppError(thrown) && thrown.code === 'name_taken';
      // Two first sign-ins of one person at once: the other one was first.
      const twin = isTaken ? await findUserByOidcSubject(db, subject) : undefined;
      if (twin !== undefined) return twin;
      if (!isTaken || number >= mostNamesakes) throw thrown;
    }
  }
}

function nameOf(all: Claims['all']): string {
  for (const claim of ['preferred_username', 'email', 'sub']) {
    const text = all[claim];
    if (typeof text !== 'string') continue;
    const name = text.replaceAll(/[^A-Za-z0-9._@+-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
    if (name !== '') return name.slice(0, longestName);
  }
  return 'user';
}
