/** The one HTTP client to the outside: every hop guarded, timed and cancellable. */

import { setMaxListeners } from 'node:events';
import type { Dispatcher } from 'undici';
import { isAppError, RequestError, UnavailableError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { createAddressGuard, type Resolve, resolveBySystem } from './address-guard.ts';
import { readAuthorities } from './certificates.ts';
import { createDispatchers } from './dispatchers.ts';
import type { Outbound, OutboundRequest, OutboundResponse } from './outbound.ts';
import { toOutboundError } from './outbound-error.ts';
import { type Environment, readProxySettings } from './proxy-settings.ts';
import { type Hop, nextHop } from './redirect.ts';

const defaultTimeoutMs = 30_000;
const defaultIdleTimeoutMs = 60_000;
const mostRedirects = 5;

/** What the client depends on. */
export interface OutboundSettings {
  /** For HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY (either case) and NODE_EXTRA_CA_CERTS. */
  readonly environment: Environment;
  /** Certificate authorities (PEM) trusted besides the usual ones. */
  readonly caFile?: string;
  /** `host` or `host:port` on private networks that an administrator allows; asked at each connection. */
  readonly allowedHosts: () => readonly string[];
  readonly log: Log;
  /** Only tests bring their own. */
  readonly resolve?: Resolve;
}

/**
 * Makes the client; throws ConfigError on a bad proxy or certificate file.
 * Through a proxy it is the proxy that resolves names, so only literal addresses and well-known names can be refused.
 */
export function createOutbound(settings: OutboundSettings): Outbound {
  const { environment, log } = settings;
  const guard = createAddressGuard(settings.allowedHosts, settings.resolve ?? resolveBySystem);
  const authorities = readAuthorities(settings.caFile, environment['NODE_EXTRA_CA_CERTS']);
  const dispatchers = createDispatchers({ guard, authorities, proxyFor: readProxySettings(environment) });

  const follow = async (url: string, options: OutboundRequest): Promise<OutboundResponse> => {
    let hop = firstHop(url, options);
    const limit = Math.min(options.maxRedirects ?? mostRedirects, mostRedirects);
    for (let count = 0; ; count++) {
      guard.checkName(hop.url);
      const response = await send(await dispatchers.for(hop.url), hop, options);
      log.debug({ host: hop.url.host, method: hop.method, status: response.status }, 'asked outside');
      const next = limit === 0 ? undefined : followed(hop, response, guard.isListed);
      if (next === undefined) return response;
      if (count >= limit)
        throw new UnavailableError('outbound_failed', `${hop.url.host}: more than ${limit} redirects.`);
      hop = next;
    }
  };
  const request = async (url: string, options: OutboundRequest = {}): Promise<OutboundResponse> => {
    try {
      return await follow(url, options);
    } catch (error) {
      if (isAppError(error) && error.code === 'address_refused')
        log.warn({ reason: error.message, internal: error.detail.internal }, 'not asked outside');
      throw error;
    }
  };
  return { request, close: dispatchers.close };
}

function firstHop(text: string, options: OutboundRequest): Hop {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new RequestError('invalid_value', 'The address must be an http:// or https:// URL.');
  if (url.username !== '' || url.password !== '')
    throw new RequestError('invalid_value', 'The address must not hold a password; send it as a header.');
  const headers = Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    url,
    method: options.method ?? 'GET',
    headers: { 'user-agent': 'aimindserve', ...Object.fromEntries(headers) },
    ...(options.body === undefined ? {} : { body: options.body }),
  };
}

/** The next hop, if any; then, or if it is refused, nobody reads this response. */
function followed(hop: Hop, response: OutboundResponse, isListed: (url: URL) => boolean): Hop | undefined {
  try {
    const next = nextHop(hop, { status: response.status, location: response.headers['location'] }, isListed);
    if (next !== undefined) response.cancel();
    return next;
  } catch (error) {
    response.cancel();
    throw error;
  }
}

/** One request without redirects; the timer ends with the response's head, the caller's signal with its body. */
async function send(dispatcher: Dispatcher, hop: Hop, options: OutboundRequest): Promise<OutboundResponse> {
  const { signal, timeoutMs = defaultTimeoutMs, idleTimeoutMs = defaultIdleTimeoutMs } = options;
  const abort = new AbortController();
  const leave = () => abort.abort(cancelled(hop.url, signal?.reason));
  const unsubscribe = () => signal?.removeEventListener('abort', leave);
  // One signal may end any number of requests; Node would warn of a leak at the eleventh.
  if (signal !== undefined) setMaxListeners(0, signal);
  signal?.addEventListener('abort', leave, { once: true });
  if (signal?.aborted) leave();
  const timer = setTimeout(() => abort.abort(tooLate(hop.url, timeoutMs)), timeoutMs);
  try {
    const answer = await dispatcher.request({
      origin: hop.url.origin,
      path: hop.url.pathname + hop.url.search,
      method: hop.method,
      headers: { ...hop.headers },
      body: hop.body ?? null,
      signal: abort.signal,
      headersTimeout: 0,
      bodyTimeout: idleTimeoutMs,
    });
    answer.body.once('close', unsubscribe);
    return toResponse(answer, hop.url);
  } catch (thrown) {
    unsubscribe();
    throw toOutboundError(thrown, hop.url);
  } finally {
    clearTimeout(timer);
  }
}

function toResponse(answer: Dispatcher.ResponseData, url: URL): OutboundResponse {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  // A body that breaks off before anyone reads it must not end the process; the reader gets the error later.
  answer.body.on('error', () => {});
  return {
    status: answer.statusCode,
    headers,
    url: url.href,
    body: readBody(answer.body, url),
    cancel: () => {
      answer.body.destroy();
    },
  };
}

async function* readBody(body: AsyncIterable<Uint8Array>, url: URL): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (thrown) {
    throw toOutboundError(thrown, url);
  }
}

function cancelled(url: URL, cause: unknown): UnavailableError {
  return new UnavailableError('outbound_failed', `${url.host}: the request was cancelled.`, { cause });
}

function tooLate(url: URL, timeoutMs: number): UnavailableError {
  return new UnavailableError('outbound_failed', `${url.host}: no answer within ${timeoutMs / 1000} s.`);
}
