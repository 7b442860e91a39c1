/** Whose word on a request's origin is believed: proxies that an administrator named, and nobody else. */

import { BlockList, isIP } from 'node:net';
import { ConfigError } from '../base/errors.ts';

/** Is this the address of a trusted proxy? */
export type IsTrusted = (address: string | undefined) => boolean;

const bits = { ipv4: 32, ipv6: 128 } as const;

/** Understands addresses and networks (`10.0.0.0/8`); throws ConfigError for anything else, names included. */
export function readTrustedProxies(entries: readonly string[]): IsTrusted {
  const trusted = new BlockList();
  for (const entry of entries) addEntry(trusted, entry);
  return (address) => {
    const plain = withoutZone(address ?? '');
    const family = familyOf(plain);
    return family !== undefined && trusted.check(plain, family);
  };
}

function addEntry(trusted: BlockList, entry: string): void {
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const family = familyOf(address);
  if (family === undefined || Number(prefix ?? 0) > bits[family]) {
    const message = `--trusted-proxy: '${entry}' is neither an address (10.1.2.3) nor a network (10.0.0.0/8).`;
    throw new ConfigError('invalid_config', message);
  }
  if (prefix === undefined) trusted.addAddress(address, family);
  else trusted.addSubnet(address, Number(prefix), family);
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6';
}

/** `fe80::1%eth0` is an address of one network card. */
function withoutZone(address: string): string {
  return address.split('%', 1)[0] ?? '';
}

/**
 * An `X-Forwarded-For` without what is no address. Proxies append; whatever stands before something that no proxy
 * writes was made up by the client. Some proxies add the client's port.
 */
export function cleanHops(header: string): string {
  const hops: string[] = [];
  for (const part of header.split(',').reverse()) {
    const hop = withoutPort(part.trim());
    if (familyOf(hop) === undefined) break;
    hops.unshift(hop);
  }
  return hops.join(', ');
}

function withoutPort(hop: string): string {
  return /^\[([^\]]*)\](?::\d{1,5})?$/.exec(hop)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(hop)?.[1] ?? hop;
}
