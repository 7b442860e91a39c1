/** The connections to the outside: one set direct and pinned to checked addresses, one for each proxy. */

import type { LookupFunction } from 'node:net';
import type { buildConnector, Dispatcher } from 'undici';
import { UnavailableError } from '../base/errors.ts';
import type { AddressGuard, ResolvedAddress } from './address-guard.ts';
import type { ProxyFor } from './proxy-settings.ts';

/** Connecting includes the handshake of TLS. */
const connectTimeoutMs = 30_000;
/** Then the next address is tried; Node's own quarter of a second is too short between continents. */
const addressTimeoutMs = 1000;

type Undici = typeof import('undici');

/** Where a request is handed to, by its URL. */
export interface Dispatchers {
  for(url: URL): Promise<Dispatcher>;
  close(): Promise<void>;
}

/** What connections depend on. */
export interface DispatcherSettings {
  readonly guard: AddressGuard;
  readonly proxyFor: ProxyFor;
  /** Certificates (PEM) instead of Node's own, for servers and proxies. */
  readonly authorities: string[] | undefined;
}

/** Makes the sets of connections when they are first needed. */
export function createDispatchers(settings: DispatcherSettings): Dispatchers {
  const made = new Map<string, Dispatcher>();
  let closed = false;
  return {
    for: async (url) => {
      // Loading the library takes a tenth of a second, which a start without any download need not spend.
      const undici = await import('undici');
      if (closed) throw new UnavailableError('shutting_down', 'The server is stopping; nothing more is asked outside.');
      const proxy = settings.proxyFor(url);
      // Said only now: who has such a proxy for other programs may never ask anything outside.
      if (proxy !== undefined && !proxy.protocol.startsWith('http')) throw unknownProxy(proxy);
      const key = proxy?.href ?? '';
      const dispatcher = made.get(key) ?? (proxy ? viaProxy(undici, proxy, settings) : direct(undici, settings));
      made.set(key, dispatcher);
      return dispatcher;
    },
    close: async () => {
      closed = true;
      await Promise.all([...made.values()].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

function direct(undici: Undici, { guard, authorities }: DispatcherSettings): Dispatcher {
  const connect: buildConnector.connector = (options, callback) => {
    const connectPinned = (addresses: readonly ResolvedAddress[]): void => {
      const pinned = {
        ...trust(authorities),
        timeout: connectTimeoutMs,
        lookup: lookupIn(addresses),
        autoSelectFamilyAttemptTimeout: addressTimeoutMs,
      };
      undici.buildConnector(pinned)(options, callback);
    };
    const fail = (error: unknown): void => {
      callback(error instanceof Error ? error : new UnavailableError('outbound_failed', String(error)), null);
    };
    const url = new URL(`${options.protocol}//${options.host ?? options.hostname}`);
    guard.checkedAddresses(url).then(connectPinned).catch(fail);
  };
  return new undici.Agent({ connect });
}

/** A resolver that knows only the checked addresses, so that asking twice cannot bring another answer. */
function lookupIn(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    const [first] = addresses;
    if (options.all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family ?? 0);
  };
}

function viaProxy(undici: Undici, proxy: URL, { authorities }: DispatcherSettings): Dispatcher {
  const tls = { ...trust(authorities), timeout: connectTimeoutMs };
  return new undici.ProxyAgent({
    uri: proxy.origin,
    ...(proxy.username === '' ? {} : { token: basicCredentials(proxy) }),
    // Many proxies refuse tunnels to port 80; unencrypted requests are asked of the proxy itself.
    proxyTunnel: false,
    proxyTls: tls,
    requestTls: tls,
    clientFactory: (origin, options) => new undici.Pool(origin, { ...options, headersTimeout: connectTimeoutMs }),
  });
}

function basicCredentials({ username, password }: URL): string {
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

function unknownProxy({ protocol }: URL): UnavailableError {
  const advice = 'Set HTTPS_PROXY (and HTTP_PROXY) to a proxy that speaks HTTP.';
  return new UnavailableError('outbound_failed', `A '${protocol}//' proxy is set, which cannot be used. ${advice}`);
}

function trust(authorities: string[] | undefined): { ca?: string[] } {
  return authorities === undefined ? {} : { ca: authorities };
}
