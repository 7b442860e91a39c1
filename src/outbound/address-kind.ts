/** What an IP address is to us: public, private (asked only if its host is listed) or forbidden (never asked). */

import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** How an address is met; from harmless to never. */
export type AddressKind = 'public' | 'private' | 'forbidden';

type Range = readonly [network: string, prefix: number];

/** Unspecified, link-local, multicast, reserved, and what clouds answer secrets on. */
const forbiddenIpv4: readonly Range[] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['192.0.0.192', 32],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Loopback, private use, carrier-grade NAT, and what IANA set aside for tests and documents. */
const privateIpv4: readonly Range[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
];

const forbiddenIpv6: readonly Range[] = [
  ['::', 128],
  ['100::', 64],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

/** Outside of 2000::/3 nothing is public; inside, these are Teredo's, benchmarks' and documents'. */
const privateIpv6: readonly Range[] = [
  ['2001::', 32],
  ['2001:2::', 48],
  ['2001:db8::', 32],
  ['3fff::', 20],
];

const publicIpv6: readonly Range[] = [['2000::', 3]];

const forbidden4 = blockList(forbiddenIpv4, 'ipv4');
const private4 = blockList(privateIpv4, 'ipv4');
const forbidden6 = blockList(forbiddenIpv6, 'ipv6');
const private6 = blockList(privateIpv6, 'ipv6');
const public6 = blockList(publicIpv6, 'ipv6');

/** The kind of an address as resolvers and URLs write it; what is no address is forbidden. */
export function addressKind(address: string): AddressKind {
  const plain = address.split('%', 1)[0] ?? '';
  if (isIPv4(plain)) return ipv4Kind(plain);
  if (isIPv6(plain)) return ipv6Kind(plain);
  return 'forbidden';
}

function ipv4Kind(address: string): AddressKind {
  if (forbidden4.check(address, 'ipv4')) return 'forbidden';
  return private4.check(address, 'ipv4') ? 'private' : 'public';
}

function ipv6Kind(address: string): AddressKind {
  const groups = groupsOf(address);
  const embedded = embeddedIpv4(groups);
  if (embedded !== undefined) return ipv4Kind(embedded);
  const canonical = groups.map((group) => group.toString(16)).join(':');
  if (forbidden6.check(canonical, 'ipv6') || hidesForbidden(groups)) return 'forbidden';
  return private6.check(canonical, 'ipv6') || !public6.check(canonical, 'ipv6') ? 'private' : 'public';
}

/** The IPv4 address to which packets for this IPv6 address go in the end, where its form says so. */
function embeddedIpv4(groups: readonly number[]): string | undefined {
  const [first = 0, second = 0, third = 0] = groups;
  if (first === 0x2002) return dotted(second, third);
  const [high = 0, low = 0] = groups.slice(6);
  const lead = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(':');
  const isCompatible = lead === '0:0:0:0:0:0' && (high > 0 || low > 1);
  const carriers = ['0:0:0:0:0:ffff', '0:0:0:0:ffff:0', '64:ff9b:0:0:0:0'];
  return isCompatible || carriers.includes(lead) ? dotted(high, low) : undefined;
}

/** A local NAT64 (64:ff9b:1::/48) is private by itself, and may lead to what is forbidden. */
function hidesForbidden(groups: readonly number[]): boolean {
  const [first, second, third] = groups;
  if (first !== 0x64 || second !== 0xff9b || third !== 1) return false;
  return ipv4Kind(dotted(groups[6] ?? 0, groups[7] ?? 0)) === 'forbidden';
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups; the URL parser first turns every spelling into one without dots and with at most one gap. */
function groupsOf(address: string): number[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [left = [], right = []] = canonical.split('::').map((side) => side.split(':').filter((group) => group !== ''));
  const gap: string[] = Array(8 - left.length - right.length).fill('0');
  return [...left, ...gap, ...right].map((group) => Number.parseInt(group, 16));
}

function blockList(ranges: readonly Range[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family);
  return list;
}
