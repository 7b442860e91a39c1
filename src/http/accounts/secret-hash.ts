/** Secrets that only need to be recognised (keys, cookies, links) are kept as keyed hashes. */

import { keyedHash, type SecretKeys } from '../../store/secret-key.ts';

/** The keyed hash of a secret; `use` keeps a hash for one purpose from serving another. */
export type SecretHash = (use: HashUse, secret: string) => string;

/** What the hashed secret is. */
type HashUse = 'flag-key' | 'api-key' | 'session' | 'csrf' | 'admin-link' | 'sign-in';

/**
 * Our secrets are random and long, so no slow hash is needed. To look a hash up takes a time that tells nothing of the
 * secrets: without the key nobody can choose it.
 */
export function createSecretHash(keys: Pick<SecretKeys, 'apiKeys' | 'sessions'>): SecretHash {
  return (use, secret) => keyedHash(use === 'api-key' ? keys.apiKeys : keys.sessions, `${use}\0${secret}`);
}
