/** Keeps other sites' pages from acting with a visitor's cookie. */

import type { IncomingHttpHeaders } from 'node:http';
import { AuthError } from '../../base/errors.ts';

/**
 * Refuses what another site's page sends. Browsers tell by `Sec-Fetch-Site`, or (older ones, and all of them over
 * plain HTTP) by `Origin`; programs that are no browser send neither, and have no cookie that somebody could abuse.
 */
export function checkSameOrigin(headers: IncomingHttpHeaders): void {
  const site = headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'none') return;
  if (site !== undefined) throw foreignPage(`Sec-Fetch-Site says '${String(site).slice(0, 40)}'`);
  const { origin } = headers;
  if (origin === undefined) return;
  // A proxy may rewrite `Host`; a page of another site cannot set `X-Forwarded-Host` without being asked first.
  const hosts = [headers.host, headers['x-forwarded-host']].flat();
  if (!URL.canParse(origin) || !hosts.includes(new URL(origin).host))
    throw foreignPage(`Origin says '${origin.slice(0, 100)}'`);
}

function foreignPage(reason: string): AuthError {
  return new AuthError('foreign_origin', `A page of another site sent this: ${reason}.`);
}
