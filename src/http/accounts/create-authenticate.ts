/** Who asks: looks at a request's key or cookie and says which caller it is. */

import type { Clock } from '../../base/clock.ts';
import { AuthError } from '../../base/errors.ts';
import type { Caller } from '../../fleet/caller.ts';
import { checkLocal, keyOf } from '../access.ts';
import type { Authenticate } from './authenticate.ts';
import type { KeyRing } from './key-ring.ts';
import { hasKeyShape, isKeyText } from './key-text.ts';
import type { SecretHash } from './secret-hash.ts';
import type { Sessions } from './sessions.ts';

/** By what callers are known. */
export interface AuthenticateParts {
  /** Keys given on the command line: they open inference and nothing else. */
  readonly flagKeys: readonly string[];
  /** The name or address the server listens on. */
  readonly host: string;
  /** May programs of this machine call models without a key? Only where nobody else can reach the server. */
  readonly isKeyless: boolean;
  readonly ring: KeyRing;
  readonly sessions: Sessions;
  readonly hash: SecretHash;
  readonly clock: Clock;
}

/** Makes the check. */
export function createAuthenticate(parts: AuthenticateParts): Authenticate {
  const flagHashes = new Set(parts.flagKeys.map((key) => parts.hash('flag-key', key)));
  return async ({ headers, method, realm }) => {
    const key = keyOf(headers);
    const byKey = key === '' ? undefined : callerOfKey(key, { ...parts, flagHashes });
    if (byKey !== undefined) return byKey;
    const bySession = await parts.sessions.callerOf({ headers, method, realm });
    if (bySession !== undefined) return bySession;
    if (realm === 'management') throw new AuthError('unauthenticated', 'Sign in, or show an API key that may manage.');
    if (!parts.isKeyless) throw refused();
    checkLocal(headers, parts.host);
    return { kind: 'local' };
  };
}

type KeyParts = Pick<AuthenticateParts, 'hash' | 'ring' | 'clock'> & { readonly flagHashes: ReadonlySet<string> };

/** Absent = no key of ours, on a server that knows none: many programs send one they made up. */
function callerOfKey(text: string, { hash, ring, clock, flagHashes }: KeyParts): Caller | undefined {
  const flagHash = flagHashes.size > 0 ? hash('flag-key', text) : '';
  // By hashes that only we can compute: how far a comparison gets tells nothing about a key.
  if (flagHashes.has(flagHash)) return { kind: 'flag', keyHash: flagHash };
  if (!hasKeyShape(text) && flagHashes.size === 0 && ring.isEmpty) return undefined;
  const found = isKeyText(text) ? ring.find(hash('api-key', text)) : undefined;
  if (found === undefined || found.owner.isDisabled) throw refused();
  if (found.key.expiresAt !== undefined && found.key.expiresAt <= clock.unixSeconds())
    throw new AuthError('invalid_api_key', `The API key that ends in '${found.key.hint}' has expired.`);
  ring.touch(found.key.id);
  return { kind: 'key', ...found };
}

function refused(): AuthError {
  return new AuthError('invalid_api_key', 'The API key is missing or wrong.');
}
