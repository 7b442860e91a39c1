/** Puts the accounts together: the store, the keys in memory, the sessions and the doors. */

import type { Clock } from '../../base/clock.ts';
import { RequestError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { PasswordChange, Session, User, UserWish } from '../../fleet/user.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import type { SecretKeys } from '../../store/secret-key.ts';
import { deleteSessionsOf } from '../../store/sessions.ts';
import type { Db } from '../../store/tables.ts';
import { countAdmins } from '../../store/users.ts';
import type { Accounts } from './accounts.ts';
import { redeemAdminLink } from './admin-link.ts';
import { createAuthenticate } from './create-authenticate.ts';
import { KeyRing } from './key-ring.ts';
import { changeKey, makeKey, revokeKey } from './keys.ts';
import type { OidcSettings } from './oidc.ts';
import { userOfClaims } from './oidc-user.ts';
import { checkPassword, hashPassword } from './passwords.ts';
import { checkSameOrigin } from './same-origin.ts';
import { createSecretHash, type SecretHash } from './secret-hash.ts';
import { Sessions } from './sessions.ts';
import { SignInDesk } from './sign-in.ts';
import { addUser, changeUser, givePassword, removeUser, resetPassword } from './users.ts';

/** What accounts need of the world. */
export interface AccountsWorld {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly keys: SecretKeys;
  /** Keys given on the command line. */
  readonly flagKeys: readonly string[];
  /** The name or address the server listens on. */
  readonly host: string;
  /** May programs of this machine call models without a key? */
  readonly isKeyless: boolean;
  /** The link is used up: what told it may forget it. */
  readonly onAdminLinkUsed?: () => void;
  /** The company's provider, if there is one. */
  readonly oidc?: { readonly settings: OidcSettings; readonly outbound: Outbound };
}

/** Everything the methods share. */
interface Desk extends AccountsWorld {
  readonly hash: SecretHash;
  readonly ring: KeyRing;
  readonly sessions: Sessions;
  readonly signIns: SignInDesk;
}

/** Opens the accounts; rejects if the store cannot be read. */
export async function createAccounts(world: AccountsWorld, ring = new KeyRing(world)): Promise<Accounts> {
  const hash = createSecretHash(world.keys);
  await ring.start();
  const parts = { ...world, hash, ring };
  const sessions = new Sessions(parts);
  const desk: Desk = { ...parts, sessions, signIns: new SignInDesk(parts, sessions) };
  return {
    authenticate: createAuthenticate(desk),
    ...signingIn(desk),
    ...userKeeping(desk),
    ...(await atProvider(desk)),
    createKey: (owner, spec) => makeKey(desk, owner, spec),
    editKey: (id, spec, revision) => changeKey(desk, id, { spec, revision }),
    deleteKey: (id) => revokeKey(desk, id),
    close: () => ring.close(),
  };
}

async function atProvider({ oidc, db, clock, hash, ring, sessions }: Desk): Promise<Pick<Accounts, 'provider'>> {
  if (oidc === undefined) return {};
  // Most servers have none: what speaks to one is loaded by those that do.
  const { OidcProvider } = await import('./oidc.ts');
  const { settings } = oidc;
  const provider = new OidcProvider({ ...oidc, hash, clock });
  return {
    provider: {
      label: settings.label,
      start: (visitor) => provider.begin(visitor),
      async finish(query, visitor) {
        const claims = await provider.claimsOf(query, visitor);
        const user = await userOfClaims(db, claims, { settings, now: clock.unixSeconds() });
        ring.putOwner(user);
        return await sessions.begin(user, visitor);
      },
    },
  };
}

type SigningIn = Pick<
  Accounts,
  'signIn' | 'signOut' | 'csrfTokenOf' | 'changePassword' | 'needsSetup' | 'useAdminLink'
>;

function signingIn(desk: Desk): SigningIn {
  const { db, ring, sessions, signIns } = desk;
  return {
    signIn: (credentials, visitor) => signIns.signIn(credentials, visitor),
    signOut: (session, visitor) => sessions.end(session, visitor),
    csrfTokenOf: (session) => sessions.csrfTokenOf(session),
    changePassword: (user, change, keep) => changePassword(desk, user, { change, keep }),
    needsSetup: async () => (await countAdmins(db)) === 0,
    async useAdminLink(use, visitor) {
      checkSameOrigin(visitor.headers);
      const user = await redeemAdminLink(desk, use);
      desk.onAdminLinkUsed?.();
      ring.putOwner(user);
      return await sessions.begin(user, visitor);
    },
  };
}

type UserKeeping = Pick<Accounts, 'createUser' | 'editUser' | 'resetPassword' | 'deleteUser' | 'endSessionsOf'>;

function userKeeping({ db, clock, ring }: Desk): UserKeeping {
  return {
    async createUser(wish) {
      const hashed = await hashOfWish(wish);
      const { password: _password, ...rest } = wish;
      const user = await addUser(db, { wish: rest, ...hashed, now: clock.unixSeconds() });
      ring.putOwner(user);
      return user;
    },
    async editUser(id, edit, revision) {
      const user = await changeUser(db, id, { edit, revision });
      ring.putOwner(user);
      return user;
    },
    resetPassword: (id, password) => resetPassword(db, id, password),
    async deleteUser(id) {
      await removeUser(db, id);
      ring.removeOwner(id);
    },
    endSessionsOf: (id) => deleteSessionsOf(db, id),
  };
}

async function hashOfWish({ name, password }: UserWish): Promise<{ readonly passwordHash?: string }> {
  if (password === undefined) return {};
  checkPassword(password, name, 'password');
  return { passwordHash: await hashPassword(password) };
}

async function changePassword(
  { db, signIns }: Desk,
  user: User,
  { change, keep }: { readonly change: PasswordChange; readonly keep: Session },
): Promise<void> {
  checkPassword(change.newPassword, user.name, 'newPassword');
  if (!(await signIns.confirm(user, change.currentPassword)))
    throw new RequestError('invalid_value', 'This is not your current password.', { param: 'currentPassword' });
  await givePassword(db, user.id, { passwordHash: await hashPassword(change.newPassword), keep: keep.id });
}
