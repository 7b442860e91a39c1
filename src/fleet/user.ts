/** Who signs in. */

import { type Static, Type } from 'typebox';

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

const userName = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9][A-Za-z0-9._@+-]*$' });
const fullName = Type.String({ maxLength: 200 });
const role = Type.Enum(['admin', 'user']);
/** Coarse bounds only; `http/accounts/passwords.ts` says what is long enough. */
const password = Type.String({ minLength: 1, maxLength: 1_024 });

/** What an administrator says of a new user; without a password they sign in by the company's provider only. */
export const userWishSchema = Type.Object(
  { name: userName, fullName: Type.Optional(fullName), role, password: Type.Optional(password) },
  { additionalProperties: false },
);

/** A user to be made. */
export type UserWish = Static<typeof userWishSchema>;

/** What an administrator changes of a user; what is absent stays. */
export const userEditSchema = Type.Object(
  {
    name: Type.Optional(userName),
    fullName: Type.Optional(fullName),
    role: Type.Optional(role),
    isDisabled: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** A change of a user. */
export type UserEdit = Static<typeof userEditSchema>;

/** What is typed to sign in. */
export const credentialsSchema = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 256 }), password },
  { additionalProperties: false },
);

/** A name and a password. */
export type Credentials = Static<typeof credentialsSchema>;

/** What users say to change their own password. */
export const passwordChangeSchema = Type.Object(
  { currentPassword: password, newPassword: password },
  { additionalProperties: false },
);

/** The old password and the new one. */
export type PasswordChange = Static<typeof passwordChangeSchema>;

/** What the opener of a one-time link sends: a new administrator has a name, a forgotten password none. */
export const adminLinkUseSchema = Type.Object(
  { token: Type.String({ minLength: 1, maxLength: 256 }), name: Type.Optional(userName), password },
  { additionalProperties: false },
);

/** A one-time link being used. */
export type AdminLinkUse = Static<typeof adminLinkUseSchema>;
