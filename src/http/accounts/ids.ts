/** Names for new users, sessions and keys: the one place where random text becomes one. */

import { randomHex } from '../../base/clock.ts';
import type { ApiKeyId } from '../../fleet/api-key.ts';
import type { SessionId, UserId } from '../../fleet/user.ts';

const idBytes = 8;

/** A name for a new user. */
export function newUserId(): UserId {
  return `usr_${randomHex(idBytes)}` as UserId;
}

/** A name for a new session. */
export function newSessionId(): SessionId {
  return `ses_${randomHex(idBytes)}` as SessionId;
}

/** A name for a new key. */
export function newApiKeyId(): ApiKeyId {
  return `key_${randomHex(idBytes)}` as ApiKeyId;
}
