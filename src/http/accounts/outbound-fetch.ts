/** Gives a library that wants `fetch` our one client to the outside: the same proxy, certificates and guard. */

import type { CustomFetch } from 'openid-client';
import { UnavailableError } from '../../base/errors.ts';
import type { Outbound } from '../../outbound/outbound.ts';

/** What a provider says of itself, its keys and its users is far smaller. */
const mostBytes = 2 ** 20;

/** Asks by `outbound`; redirects are answers, as the library asks for. */
export function createOutboundFetch(outbound: Outbound): CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const response = await outbound.request(url, {
      method: method === 'POST' ? 'POST' : 'GET',
      headers,
      maxRedirects: 0,
      ...(body instanceof URLSearchParams && { body: body.toString() }),
      ...(signal !== undefined && { signal }),
    });
    const bytes = await readBody(url, response.body);
    const isEmpty = response.status === 204 || response.status === 304;
    return new Response(isEmpty ? null : bytes, { status: response.status, headers: response.headers });
  };
}

async function readBody(url: string, body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > mostBytes)
      throw new UnavailableError('outbound_failed', `${new URL(url).host} answers with more than a megabyte.`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
