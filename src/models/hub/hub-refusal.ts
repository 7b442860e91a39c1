/** A hub's refusal as one of our errors: who is to blame, and what to do about it. */

import { type AppError, LimitError, RequestError, UnavailableError } from '../../base/errors.ts';

/** What was asked of whom. */
export interface HubTarget {
  /** For people, e.g. `Hugging Face`. */
  readonly hub: string;
  readonly hasToken: boolean;
  /** The path of the request, without the query. */
  readonly path: string;
  readonly repository?: string | undefined;
  readonly revision?: string | undefined;
  /** The hub's own words, for operators. */
  readonly said?: string | undefined;
}

/** What a hub's answer means, in the words both hubs share. */
export type Refusal =
  | { readonly kind: 'gated' | 'closed'; readonly url: string }
  | { readonly kind: 'bad-token' | 'no-repository' | 'no-revision' | 'no-file' }
  | { readonly kind: 'busy'; readonly retryAfter?: number }
  | { readonly kind: 'trouble'; readonly status: number };

/** The error to throw; nothing in it is a secret. */
export function refusalError(refusal: Refusal, target: HubTarget): AppError {
  const detail = target.said === undefined ? {} : { internal: target.said };
  switch (refusal.kind) {
    case 'busy': {
      const wait = refusal.retryAfter === undefined ? {} : { retryAfter: refusal.retryAfter };
      return new LimitError('rate_limited', `${target.hub} takes no more requests for now.`, { ...detail, ...wait });
    }
    case 'trouble':
      return new UnavailableError(
        'outbound_failed',
        `${target.hub} answered ${refusal.status} for ${target.path}.`,
        detail,
      );
    case 'gated':
    case 'closed':
      return new RequestError('download_refused', closedText(refusal, target), detail);
    default:
      return new RequestError('download_refused', `${target.hub}: ${reasons[refusal.kind](target)}`, detail);
  }
}

/** The refusal of a 429, with the wait that it asks for. */
export function busyRefusal(headers: Readonly<Record<string, string>>): Refusal {
  const retryAfter = retryAfterOf(headers);
  return retryAfter === undefined ? { kind: 'busy' } : { kind: 'busy', retryAfter };
}

/** A wait in seconds from `Retry-After`, or from the `RateLimit` header (`"api";r=0;t=55`, huggingface_hub/utils/_http.py). */
function retryAfterOf(headers: Readonly<Record<string, string>>): number | undefined {
  const text = headers['retry-after'] ?? /;\s*t\s*=\s*(\d{1,6})/.exec(headers['ratelimit'] ?? '')?.[1];
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

function closedText({ kind, url }: { kind: 'gated' | 'closed'; url: string }, target: HubTarget): string {
  const state = kind === 'gated' ? 'gated: its licence must be accepted' : 'private or gated: access is asked for';
  const byWhom = target.hasToken
    ? ', by the account whose token is set.'
    : '. Accept it there, then set a token of the same account.';
  return `The repository '${target.repository ?? ''}' of ${target.hub} is ${state} at ${url}${byWhom}`;
}

const reasons = {
  'bad-token': () => 'the token that is set is wrong or has expired.',
  'no-repository': ({ repository, hasToken }: HubTarget) =>
    `there is no repository '${repository ?? ''}', or it is private. Check the spelling, or set a token that ${hasToken ? 'may read it (the one that is set may not)' : 'may read it'}.`,
  'no-revision': ({ repository, revision }: HubTarget) =>
    `the repository '${repository ?? ''}' has no revision '${revision ?? ''}'.`,
  'no-file': ({ repository, path }: HubTarget) => `the repository '${repository ?? ''}' has no such file (${path}).`,
};
