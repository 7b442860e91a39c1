import { describe, expect, it } from 'vitest';
import { cleanHops, readTrustedProxies } from './client-address.ts';

describe('trusted proxies', () => {
  it('are known by address and by network, in every spelling of an address', () => {
    const isTrusted = readTrustedProxies(['192.0.2.7', '10.0.0.0/8', '2001:db8::/32', 'fe80::1']);
    const trusted = ['192.0.2.7', '::ffff:192.0.2.7', '10.255.0.1', '::ffff:a01:203', '2001:DB8:1::5', 'fe80::1%eth0'];
    const strangers = ['192.0.2.8', '11.0.0.1', '127.0.0.1', '::1', '2001:db9::1', 'localhost', '', undefined];
    expect(trusted.filter((address) => !isTrusted(address))).toEqual([]);
    expect(strangers.filter(isTrusted)).toEqual([]);
  });

  it('are none by default', () => {
    expect(readTrustedProxies([])('127.0.0.1')).toBe(false);
  });

  it('are refused where they say nothing certain', () => {
    const bad = ['localhost', 'proxy.example', '', '10.0.0.0/33', '::/129', '10.0.0.0/x', '10.0.0.0/8/8', '1.2.3', '*'];
    for (const entry of bad)
      expect(() => readTrustedProxies([entry]), entry).toThrow(`--trusted-proxy: '${entry}' is neither an address`);
  });
});

describe('the hops of a request', () => {
  const table = [
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1, 10.0.0.1', '192.0.2.1, 10.0.0.1'],
    ['192.0.2.1:4711,10.0.0.1', '192.0.2.1, 10.0.0.1'],
    ['[2001:db8::1]:80, [2001:db8::2]', '2001:db8::1, 2001:db8::2'],
    ['192.0.2.1, <script>, 10.0.0.1', '10.0.0.1'],
    ['10.0.0.1, unknown', ''],
    ['', ''],
  ] as const;
  for (const [header, hops] of table)
    it(`of '${header}' are '${hops}'`, () => {
      expect(cleanHops(header)).toBe(hops);
    });

  it('are read in linear time', () => {
    expect(cleanHops('1.1.1.1,'.repeat(100_000))).toBe('');
    expect(cleanHops(`${'1'.repeat(100_000)}:x`)).toBe('');
  });
});
