/** Secrets that only need to be recognised (keys, cookies, links) are kept as keyed hashes. */

import { createHmac } from 'node:crypto';

/** The keyed hash of a secret; `use` keeps a hash for one purpose from serving another. */
export type SecretHash = (use: HashUse, secret: string) => string;

/** What the hashed secret is. */
export type HashUse = 'flag-key' | 'api-key' | 'session' | 'csrf' | 'admin-link' | 'oidc';

/**
 * Hashes by HMAC-SHA-256 with a key that is not in the database. Our secrets are random and long, so no slow hash is
 * needed; to look a hash up takes a time that tells nothing of the secrets, since nobody without the key can choose it.
 */
export function createSecretHash(key: Uint8Array): SecretHash {
  return (use, secret) => createHmac('sha256', key).update(`${use}\0${secret}`).digest('base64url');
}
