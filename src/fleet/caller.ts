/** Who a request comes from, once its key or cookie has been looked at. */

import type { ApiKey } from './api-key.ts';
import type { Session, User } from './user.ts';

/** `local` = a program of this machine without a key; `flag` = the holder of a key given as --api-key. */
export type Caller =
  | { readonly kind: 'local' }
  | { readonly kind: 'flag'; readonly keyHash: string }
  | { readonly kind: 'key'; readonly key: ApiKey; readonly owner: User }
  | { readonly kind: 'session'; readonly session: Session; readonly user: User };

/** An opaque name for what is remembered for one caller alone. */
export function callerName(caller: Caller): string {
  switch (caller.kind) {
    case 'local':
      return 'local';
    case 'flag':
      return `flag:${caller.keyHash}`;
    case 'key':
      return caller.key.id;
    case 'session':
      return caller.user.id;
  }
}
