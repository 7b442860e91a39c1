/** Making, changing and revoking API keys. */

import { RequestError } from '../../base/errors.ts';
import type { ApiKey, ApiKeyId, ApiKeySpec } from '../../fleet/api-key.ts';
import type { User } from '../../fleet/user.ts';
import { deleteApiKey, findApiKey, insertApiKey, listApiKeys, updateApiKey } from '../../store/api-keys.ts';
import type { NewKey } from './accounts.ts';
import { newApiKeyId } from './ids.ts';
import type { KeyRing } from './key-ring.ts';
import { hintOf, newKeyText } from './key-text.ts';
import type { SessionParts } from './sessions.ts';
import { userOf } from './users.ts';

/** All keys are in memory; nobody needs more. */
const mostPerUser = 1_000;

/** What keys need. */
export interface KeyParts extends SessionParts {
  readonly ring: KeyRing;
}

/** Makes a key; it opens doors as soon as this returns. */
export async function makeKey({ db, clock, hash, ring }: KeyParts, owner: User, spec: ApiKeySpec): Promise<NewKey> {
  ring.putOwner(await userOf(db, owner.id));
  const { total } = await listApiKeys(db, { page: 1, perPage: 1 }, owner.id);
  if (total >= mostPerUser)
    throw new RequestError('conflict', `'${owner.name}' has ${total} API keys; delete some first.`);
  const createdAt = clock.unixSeconds();
  checkExpiry(spec, createdAt);
  const secret = newKeyText();
  const fixed = { id: newApiKeyId(), ownerId: owner.id, hint: hintOf(secret), createdAt, revision: 1 };
  const key: ApiKey = { ...spec, ...fixed };
  const stored = { key, keyHash: hash('api-key', secret) };
  await insertApiKey(db, stored);
  ring.add(stored);
  return { key, secret };
}

/** Changes a key; the change holds for the next request. */
export async function changeKey({ db, clock, ring }: KeyParts, id: ApiKeyId, { spec, revision }: RevisedSpec) {
  const before = await findApiKey(db, id);
  if (before === undefined) throw noKey(id);
  if (spec.expiresAt !== before.expiresAt) checkExpiry(spec, clock.unixSeconds());
  const after = await updateApiKey(db, { id, revision: revision ?? before.revision }, spec);
  if (after === 'changed')
    throw new RequestError('changed_meanwhile', 'Somebody changed this in the meantime; look at it again.');
  ring.replace(after);
  return after;
}

/** What a key shall be, and the revision it was said for. */
export interface RevisedSpec {
  readonly spec: ApiKeySpec;
  /** Absent = whatever it is now. */
  readonly revision?: number | undefined;
}

/** Revokes a key: once this returns, it is refused. */
export async function revokeKey({ db, ring }: KeyParts, id: ApiKeyId): Promise<void> {
  const wasThere = await deleteApiKey(db, id);
  ring.remove(id);
  if (!wasThere) throw noKey(id);
}

function checkExpiry({ expiresAt }: ApiKeySpec, now: number): void {
  if (expiresAt === undefined || expiresAt > now) return;
  throw new RequestError('invalid_value', 'The key would have expired already.', { param: 'expiresAt' });
}

function noKey(id: ApiKeyId): RequestError {
  return new RequestError('not_found', `There is no API key '${id}'.`);
}
