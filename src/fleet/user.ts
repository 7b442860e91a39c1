/** Who signs in. */

/** Names a user. */
export type UserId = string & { readonly brand: 'UserId' };

/** An administrator may do everything; a user may call models and keep keys of their own. */
export type Role = 'admin' | 'user';

/** A person with an account. */
export interface User {
  readonly id: UserId;
  /** What they type to sign in; compared in lower case. */
  readonly name: string;
  readonly fullName?: string;
  readonly role: Role;
  /** `local` = by password; `oidc` = by the company's provider. */
  readonly origin: 'local' | 'oidc';
  /** May not sign in, and their keys are refused. */
  readonly isDisabled: boolean;
  readonly createdAt: number;
  readonly lastSignInAt?: number;
  readonly revision: number;
}

/** Names a sign-in. */
export type SessionId = string & { readonly brand: 'SessionId' };

/** One sign-in of a user: lives in a cookie, which is stored as a hash only. */
export interface Session {
  readonly id: SessionId;
  readonly userId: UserId;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly lastSeenAt: number;
  /** For people: the browser's own name, cut short. */
  readonly userAgent: string;
}
