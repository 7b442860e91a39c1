/** Decides which hosts may be asked: names are resolved once and every address is checked before one is used. */

import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { RequestError, UnavailableError } from '../base/errors.ts';
import { type AddressKind, addressKind } from './address-kind.ts';

/** One address of a name. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Asks for all addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** The guard between us and the addresses of the inside. */
export interface AddressGuard {
  /** Has an administrator listed this host, with any port or this one? */
  isListed(url: URL): boolean;
  /** Refuses what needs no resolver: literal addresses and names that mean this machine. All that can be said when a proxy resolves. */
  checkName(url: URL): void;
  /** All addresses of the host, each of them checked; a connection may use no other. */
  checkedAddresses(url: URL): Promise<readonly ResolvedAddress[]>;
}

/** Names that lead to secrets of the machine even where only a proxy can resolve them. */
const forbiddenNames = ['metadata.google.internal', 'metadata.goog', 'instance-data.ec2.internal'];

/** The system's resolver. */
export const resolveBySystem: Resolve = (hostname) => lookup(hostname, { all: true });

/** Makes the guard; `allowedHosts` (`host` or `host:port`) is asked anew each time. */
export function createAddressGuard(allowedHosts: () => readonly string[], resolve: Resolve): AddressGuard {
  const isListed = (url: URL): boolean => allowedHosts().some((entry) => isSameHost(entry, url));
  const check = (url: URL, kind: AddressKind, address: string): void => {
    if (kind === 'forbidden')
      throw refusal(url, 'belongs to this machine, its link or its cloud; it is never asked', address);
    if (kind === 'private' && !isListed(url))
      throw refusal(url, 'is on a private network; an administrator has to list the host first', address);
  };
  return {
    isListed,
    checkName: (url) => check(url, nameKind(hostOf(url)), hostOf(url)),
    checkedAddresses: async (url) => {
      const host = hostOf(url);
      check(url, nameKind(host), host);
      const family = isIP(host);
      const addresses = family === 0 ? await resolve(host) : [{ address: host, family }];
      if (addresses.length === 0)
        throw new UnavailableError('outbound_failed', `${url.host}: its name has no address.`);
      for (const { address } of addresses) check(url, addressKind(address), address);
      return addresses;
    },
  };
}

/** The host without the brackets of IPv6 and the dot of a full name. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

function nameKind(host: string): AddressKind {
  if (isIP(host) !== 0) return addressKind(host);
  if (forbiddenNames.includes(host)) return 'forbidden';
  return host === 'localhost' || host.endsWith('.localhost') ? 'private' : 'public';
}

function isSameHost(entry: string, url: URL): boolean {
  const port = /:(\d+)$/.exec(isIPv6(entry) ? '' : entry)?.[1];
  const written = `${url.protocol}//${isIPv6(entry) ? `[${entry}]` : entry}`;
  if (!URL.canParse(written)) return false;
  const listed = new URL(written);
  return hostOf(listed) === hostOf(url) && (port === undefined || portOf(listed) === portOf(url));
}

function portOf(url: URL): string {
  if (url.port !== '') return url.port;
  return url.protocol === 'https:' ? '443' : '80';
}

function refusal(url: URL, why: string, address: string): RequestError {
  return new RequestError('address_refused', `${url.host} ${why}.`, { internal: `address ${address}` });
}
