/** Users and their keys as the API shows them. */

import { Type } from 'typebox';
import { type ApiKey, apiKeySpecSchema } from '../../fleet/api-key.ts';
import type { User } from '../../fleet/user.ts';

const time = Type.Integer();

/** An account. */
export const userSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    fullName: Type.Optional(Type.String()),
    role: Type.Enum(['admin', 'user']),
    origin: Type.Enum(['local', 'oidc']),
    isDisabled: Type.Boolean(),
    createdAt: time,
    lastSignInAt: Type.Optional(time),
    revision: Type.Integer(),
  },
  { title: 'User' },
);

/** Field by field, so that what is added to the noun is not told by accident. */
export function encodeUser(user: User) {
  const { id, name, fullName, role, origin, isDisabled, createdAt, lastSignInAt, revision } = user;
  return { id, name, fullName, role, origin, isDisabled, createdAt, lastSignInAt, revision };
}

/** A key without its secret. */
export const apiKeySchema = Type.Object(
  {
    ...apiKeySpecSchema.properties,
    id: Type.String(),
    ownerId: Type.String(),
    /** Its last four characters. */
    hint: Type.String(),
    createdAt: time,
    lastUsedAt: Type.Optional(time),
    revision: Type.Integer(),
  },
  { title: 'ApiKey' },
);

/** Field by field, so that what is added to the noun is not told by accident. */
export function encodeKey(key: ApiKey) {
  const { id, ownerId, hint, name, scopes, expiresAt, allowedModels, limits, capture } = key;
  const { createdAt, lastUsedAt, revision } = key;
  return {
    id,
    ownerId,
    hint,
    name,
    scopes,
    expiresAt,
    allowedModels,
    limits,
    capture,
    createdAt,
    lastUsedAt,
    revision,
  };
}
