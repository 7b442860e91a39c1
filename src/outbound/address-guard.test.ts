import { describe, expect, test } from 'vitest';
import { createAddressGuard, type ResolvedAddress } from './address-guard.ts';
import { startLoopback } from './fixtures/loopback-server.ts';
import { openOutbound, textOf } from './fixtures/open-outbound.ts';

function resolved(...addresses: string[]): ResolvedAddress[] {
  return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

function guarded(url: string, addresses: string[], listed: string[] = []): Promise<readonly ResolvedAddress[]> {
  return createAddressGuard(
    () => listed,
    async () => resolved(...addresses),
  ).checkedAddresses(new URL(url));
}

const refused = { code: 'address_refused' };

describe('a name', () => {
  test('with public addresses passes, and they are what may be used', async () => {
    expect(await guarded('https://a.example/', ['8.8.8.8', '2606:4700::1'])).toEqual(
      resolved('8.8.8.8', '2606:4700::1'),
    );
  });

  test.each([
    ['127.0.0.1'],
    ['8.8.8.8', '10.0.0.1'],
    ['10.0.0.1', '8.8.8.8'],
    ['8.8.8.8', '::ffff:192.168.0.1'],
    ['fd00::1'],
  ])('with any private address is refused (%s)', async (...addresses) => {
    await expect(guarded('https://a.example/', addresses)).rejects.toMatchObject(refused);
    expect(await guarded('https://a.example/', addresses, ['a.example'])).toHaveLength(addresses.length);
  });

  test.each([['169.254.169.254'], ['8.8.8.8', 'fe80::1'], ['0.0.0.0'], ['100.100.100.200'], ['224.0.0.1'], ['::']])(
    'with any forbidden address is refused even if it is listed (%s)',
    async (...addresses) => {
      await expect(guarded('https://a.example/', addresses, ['a.example'])).rejects.toMatchObject(refused);
    },
  );

  test('without any address is an error', async () => {
    await expect(guarded('https://a.example/', [])).rejects.toMatchObject({ code: 'outbound_failed' });
  });
});

describe('every spelling of an address is seen through', () => {
  test.each([
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://127.0.0.1./',
    'http://0x7f.0.0x1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://localhost/',
    'http://localhost./',
    'http://LOCALHOST/',
    'http://a.localhost/',
    'http://①②⑦.0.0.1/',
    'http://10.0.0.1/',
    'http://[64:ff9b::a00:1]/',
  ])('%s is private', async (url) => {
    await expect(guarded(url, ['127.0.0.1'])).rejects.toMatchObject(refused);
    expect(() =>
      createAddressGuard(
        () => [],
        async () => [],
      ).checkName(new URL(url)),
    ).toThrow('private network');
    expect(await guarded(url, ['127.0.0.1'], [new URL(url).host])).toHaveLength(1);
  });

  test.each([
    'http://0/',
    'http://0.0.0.0/',
    'http://[::]/',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://169.254.43518/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[fd00:ec2::254]/',
    'http://metadata.google.internal/',
    'http://metadata.google.internal./',
    'http://100.100.100.200/',
  ])('%s is forbidden', async (url) => {
    await expect(guarded(url, ['8.8.8.8'], [new URL(url).host])).rejects.toMatchObject(refused);
  });
});

describe('a listed host', () => {
  const url = 'http://hub.corp.example:8080/';
  test.each([
    ['hub.corp.example', true],
    ['HUB.corp.example.', true],
    ['hub.corp.example:8080', true],
    ['hub.corp.example:80', false],
    ['corp.example', false],
    ['*.corp.example', false],
    ['evil-hub.corp.example', false],
    ['', false],
    ['[', false],
  ])('%s: %s', (entry, isListed) => {
    expect(
      createAddressGuard(
        () => [entry],
        async () => [],
      ).isListed(new URL(url)),
    ).toBe(isListed);
  });

  test.each([
    ['::1', 'http://[::1]:9/', true],
    ['[::1]:9', 'http://[::1]:9/', true],
    ['[::1]:8', 'http://[::1]:9/', false],
    ['0:0:0:0:0:0:0:1', 'http://[::1]/', true],
    ['127.0.0.1:443', 'https://127.0.0.1/', true],
    ['127.0.0.1:80', 'https://127.0.0.1/', false],
    ['2130706433', 'http://127.0.0.1/', true],
  ])('%s for %s: %s', (entry, target, isListed) => {
    expect(
      createAddressGuard(
        () => [entry],
        async () => [],
      ).isListed(new URL(target)),
    ).toBe(isListed);
  });

  test('is asked for anew each time', async () => {
    const { origin } = await startLoopback((_request, response) => response.end('x'));
    const listed = new Set(['127.0.0.1']);
    const outbound = openOutbound({ allowedHosts: () => [...listed] });
    expect(await textOf(await outbound.request(origin))).toBe('x');
    listed.clear();
    await expect(outbound.request(origin)).rejects.toMatchObject(refused);
  });
});

describe('with a real server', () => {
  test('the connection goes to the checked address, and a name is asked once', async () => {
    const { port, seen } = await startLoopback((_request, response) => response.end('x'));
    const asked: string[] = [];
    const outbound = openOutbound({
      allowedHosts: () => [`pinned.example:${port}`],
      resolve: async (name) => {
        asked.push(name);
        // A rebinding name: harmless at first, then not.
        return resolved(asked.length === 1 ? '127.0.0.1' : '169.254.169.254');
      },
    });
    expect(await textOf(await outbound.request(`http://pinned.example:${port}/`))).toBe('x');
    expect(asked).toEqual(['pinned.example']);
    expect(seen[0]?.headers.host).toBe(`pinned.example:${port}`);
  });

  test('a name that leads to the loopback is not asked, the server sees nothing', async () => {
    const { port, seen, sockets } = await startLoopback((_request, response) => response.end('x'));
    const outbound = openOutbound({
      allowedHosts: () => [`other.example:${port}`],
      resolve: async () => resolved('127.0.0.1'),
    });
    for (let turn = 0; turn < 5; turn++)
      await expect(outbound.request(`http://rebound.example:${port}/`)).rejects.toMatchObject(refused);
    expect(seen).toHaveLength(0);
    expect(sockets.size).toBe(0);
  });

  test('the second address is tried when the first does not answer', async () => {
    const { port } = await startLoopback((_request, response) => response.end('x'));
    const outbound = openOutbound({
      allowedHosts: () => ['two.example'],
      resolve: async () => resolved('::1', '127.0.0.1'),
    });
    expect(await textOf(await outbound.request(`http://two.example:${port}/`))).toBe('x');
  });

  test('an unknown name is an error in plain words', async () => {
    const outbound = openOutbound({
      resolve: () => Promise.reject(Object.assign(new TypeError('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })),
    });
    await expect(outbound.request('http://unknown.example/')).rejects.toThrow('unknown.example: its name is unknown.');
  });
});
