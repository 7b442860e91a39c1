/** What a request is told that several deployments refused: to come back when the first of them has room again. */

import type { AppError } from '../base/errors.ts';

/** Of two refusals the one to tell: a limit before a deployment that is not there, the shorter wait before the longer. */
export function soonerOf(known: AppError | undefined, other: AppError): AppError {
  if (known === undefined || (known.kind !== 'limit' && other.kind === 'limit')) return other;
  if (known.kind !== other.kind) return known;
  return waitOf(other) < waitOf(known) ? other : known;
}

/** A refusal that names no time is for good. */
function waitOf({ detail }: AppError): number {
  return detail.retryAfter ?? Number.POSITIVE_INFINITY;
}
