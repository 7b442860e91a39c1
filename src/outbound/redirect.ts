/** What a redirect leads to: the next request without what must not travel, or a refusal. */

import { UnavailableError } from '../base/errors.ts';

/** One request of a chain of redirects. */
export interface Hop {
  readonly url: URL;
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const redirectStatuses = [301, 302, 303, 307, 308];

/** What another host may learn: what is wanted, never who asks. */
const travelling = ['accept', 'accept-encoding', 'accept-language', 'if-range', 'range', 'user-agent'];

/** The next hop, or undefined if the response is the answer; `isListed` = an administrator vouches for the host. */
export function nextHop(
  hop: Hop,
  answer: { readonly status: number; readonly location: string | undefined },
  isListed: (url: URL) => boolean,
): Hop | undefined {
  if (!redirectStatuses.includes(answer.status) || answer.location === undefined) return undefined;
  const url = targetOf(hop.url, answer.location);
  if (hop.url.protocol === 'https:' && url.protocol === 'http:' && !isListed(url))
    throw refused(hop.url, `an unencrypted address (${url.host})`);
  const isSameOrigin = url.origin === hop.url.origin;
  const becomesGet = hop.method === 'POST' && answer.status < 307;
  const kept = Object.entries(hop.headers).filter(
    ([name]) => (isSameOrigin || travelling.includes(name)) && !(becomesGet && name.startsWith('content-')),
  );
  if (hop.body !== undefined && !becomesGet && !isSameOrigin)
    throw refused(hop.url, `another host (${url.host}), which must not get the body`);
  return {
    url,
    method: becomesGet ? 'GET' : hop.method,
    headers: Object.fromEntries(kept),
    ...(hop.body === undefined || becomesGet ? {} : { body: hop.body }),
  };
}

function targetOf(from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) throw refused(from, 'something that is no URL');
  const url = new URL(location, from);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused(from, `a '${url.protocol}' address`);
  if (url.username !== '' || url.password !== '') throw refused(from, 'an address with a password in it');
  return url;
}

function refused(from: URL, to: string): UnavailableError {
  return new UnavailableError('outbound_failed', `${from.host} redirects to ${to}; this is not followed.`);
}
