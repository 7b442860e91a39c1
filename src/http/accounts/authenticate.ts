/** The question of who asks, for every request. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from '../../fleet/caller.ts';

/** What of a request says who sent it. */
export interface Presented {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  /** Calling models, or managing the platform: the latter needs a session or a key always. */
  readonly realm: 'inference' | 'management';
}

/**
 * Finds the caller; throws AuthError (`invalid_api_key`, `unauthenticated`, `foreign_origin`, `forbidden` for a missing
 * CSRF token) and UnavailableError (`store_unavailable`). What the caller may do is asked of `fleet/permissions.ts`.
 */
export type Authenticate = (presented: Presented) => Promise<Caller>;
