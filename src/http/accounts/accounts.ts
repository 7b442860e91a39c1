/** All that the server knows of people and their keys: who asks, who signs in, who may be made and unmade. */

import type { IncomingHttpHeaders } from 'node:http';
import type { ApiKey, ApiKeyId, ApiKeySpec } from '../../fleet/api-key.ts';
import type {
  AdminLinkUse,
  Credentials,
  PasswordChange,
  Session,
  User,
  UserEdit,
  UserId,
  UserWish,
} from '../../fleet/user.ts';
import type { Authenticate } from './authenticate.ts';

/** Where a request to sign in comes from. */
export interface Visitor {
  readonly headers: IncomingHttpHeaders;
  /** The client's address, behind trusted proxies too. */
  readonly address: string;
  /** Did it come by TLS, to us or to a trusted proxy? */
  readonly isSecure: boolean;
}

/** Somebody who has just signed in. */
export interface SignedIn {
  readonly user: User;
  readonly session: Session;
  /** The value of `set-cookie`. */
  readonly cookie: string;
  /** To be sent as `x-csrf-token` with everything but reading. */
  readonly csrfToken: string;
}

/** A key that has just been made. */
export interface NewKey {
  readonly key: ApiKey;
  /** The key's text: told now and never again. */
  readonly secret: string;
}

/** Sign-in at the company's provider (OpenID Connect). */
export interface ProviderSignIn {
  /** What the button says. */
  readonly label: string;
  /** Where to send the browser, and the cookie to send along. */
  start(visitor: Visitor): Promise<{ readonly location: string; readonly cookie: string }>;
  /** The browser is back; `query` is the text after `?`. */
  finish(query: string, visitor: Visitor): Promise<SignedIn>;
}

/**
 * Accounts, sessions and keys. Ids that do not exist are a RequestError `not_found`; a taken name `name_taken`; a
 * revision that moved on `changed_meanwhile`; what would leave no administrator `conflict`.
 * None of these asks who is asking: that is the routes' duty, by `fleet/permissions.ts`.
 */
export interface Accounts {
  readonly authenticate: Authenticate;

  /** LimitError `too_many_attempts` after too many failures, AuthError `unauthenticated` for a wrong name or password. */
  signIn(credentials: Credentials, visitor: Visitor): Promise<SignedIn>;
  /** Ends a session; answers with the `set-cookie` that removes its cookie. */
  signOut(session: Session, visitor: Visitor): Promise<string>;
  /** The token that belongs to a session. */
  csrfTokenOf(session: Session): string;
  /** Ends all other sessions too. */
  changePassword(user: User, change: PasswordChange, keep: Session): Promise<void>;
  readonly provider?: ProviderSignIn;

  /** Is there no administrator yet? */
  needsSetup(): Promise<boolean>;
  /** Makes the first administrator, or sets an administrator's password, by a link's token. */
  useAdminLink(use: AdminLinkUse, visitor: Visitor): Promise<SignedIn>;

  createUser(wish: UserWish): Promise<User>;
  editUser(id: UserId, edit: UserEdit, expectedRevision?: number): Promise<User>;
  /** By an administrator; ends all of the user's sessions. */
  resetPassword(id: UserId, password: string): Promise<void>;
  /** With their sessions and keys. */
  deleteUser(id: UserId): Promise<void>;
  endSessionsOf(id: UserId): Promise<void>;

  createKey(owner: User, spec: ApiKeySpec): Promise<NewKey>;
  editKey(id: ApiKeyId, spec: ApiKeySpec, expectedRevision?: number): Promise<ApiKey>;
  /** From then on it is refused. */
  deleteKey(id: ApiKeyId): Promise<void>;

  /** Writes what is still in memory (when keys were last used) and stops looking at the store. */
  close(): Promise<void>;
}
