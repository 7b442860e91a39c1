import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testAuthority, testCertificate } from './fixtures/certificate.ts';
import { startProxy } from './fixtures/loopback-proxy.ts';
import { startLoopback } from './fixtures/loopback-server.ts';
import { openOutbound, textOf } from './fixtures/open-outbound.ts';

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'outbound-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'ca.pem'), text);
  return join(folder, 'ca.pem');
}

describe('certificates', () => {
  test('of an unknown authority are refused, with a hint', async () => {
    const { origin } = await startLoopback((_request, response) => response.end('x'), testCertificate);
    await expect(openOutbound().request(origin)).rejects.toThrow('--ca-file');
  });

  test('of the authority in --ca-file are good, for the names they carry only', async () => {
    const { port, origin } = await startLoopback((_request, response) => response.end('x'), testCertificate);
    const outbound = openOutbound({
      caFile: fileWith(`a comment\n${testAuthority}`),
      allowedHosts: () => ['127.0.0.1', 'hub.example', 'other.example'],
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    expect(await textOf(await outbound.request(origin))).toBe('x');
    expect(await textOf(await outbound.request(`https://hub.example:${port}/`))).toBe('x');
    await expect(outbound.request(`https://other.example:${port}/`)).rejects.toThrow('another name');
  });

  test('files that hold none are refused at the start', () => {
    const broken = testAuthority.replace(/MII./, 'AAAA');
    for (const caFile of [fileWith('nothing'), fileWith(broken), '/does/not/exist.pem'])
      expect(() => openOutbound({ caFile })).toThrow('--ca-file');
    expect(() =>
      openOutbound({ caFile: fileWith(testAuthority), environment: { NODE_EXTRA_CA_CERTS: fileWith('nothing') } }),
    ).toThrow('NODE_EXTRA_CA_CERTS');
  });
});

describe('through a proxy', () => {
  test('plain requests are asked of the proxy, names are left to it', async () => {
    const target = await startLoopback((request, response) => response.end(`${request.headers.host} ${request.url}`));
    const proxy = await startProxy(target.port);
    const outbound = openOutbound({
      environment: { http_proxy: proxy.origin },
      resolve: () => Promise.reject(new TypeError('asked')),
    });
    expect(await textOf(await outbound.request('http://hub.example/a?b'))).toBe('hub.example /a?b');
    expect(proxy.asked).toEqual(['GET http://hub.example/a?b']);
  });

  test('encrypted requests go through a tunnel, with the password of the proxy and no other', async () => {
    const target = await startLoopback(
      (request, response) => response.end(String(request.headers['proxy-authorization'])),
      testCertificate,
    );
    const proxy = await startProxy(target.port);
    const outbound = openOutbound({
      environment: { HTTPS_PROXY: proxy.origin.replace('//', '//me:p%40ss@') },
      caFile: fileWith(testAuthority),
    });
    expect(await textOf(await outbound.request('https://hub.example/'))).toBe('undefined');
    expect(proxy.asked).toEqual(['CONNECT hub.example:443']);
    expect(proxy.credentials).toEqual([`Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
    await expect(outbound.request('https://other.example/')).rejects.toThrow('another name');
  });

  test('a proxy may itself be encrypted, and --ca-file is good for it', async () => {
    const target = await startLoopback((_request, response) => response.end('x'), testCertificate);
    const proxy = await startProxy(target.port, { tls: testCertificate });
    const outbound = openOutbound({ environment: { ALL_PROXY: proxy.origin }, caFile: fileWith(testAuthority) });
    expect(await textOf(await outbound.request('https://hub.example/'))).toBe('x');
    expect(proxy.asked).toEqual(['CONNECT hub.example:443']);
  });

  test('NO_PROXY goes past it, and is guarded', async () => {
    const target = await startLoopback((_request, response) => response.end('direct'));
    const proxy = await startProxy(target.port);
    const environment = { http_proxy: proxy.origin, no_proxy: '127.0.0.1,inside.example' };
    const outbound = openOutbound({ environment, resolve: async () => [{ address: '127.0.0.1', family: 4 }] });
    expect(await textOf(await outbound.request(target.origin))).toBe('direct');
    await expect(outbound.request('http://inside.example/')).rejects.toMatchObject({ code: 'address_refused' });
    expect(proxy.asked).toEqual([]);
  });

  test('literal private and forbidden addresses are still refused, also at the second hop', async () => {
    const target = await startLoopback((_request, response) => {
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    });
    const proxy = await startProxy(target.port);
    const outbound = openOutbound({ environment: { http_proxy: proxy.origin }, allowedHosts: () => [] });
    for (const url of ['http://10.0.0.1/', 'http://0x7f.1/', 'http://localhost/', 'http://metadata.google.internal/'])
      await expect(outbound.request(url)).rejects.toMatchObject({ code: 'address_refused' });
    expect(proxy.asked).toEqual([]);
    await expect(outbound.request('http://hub.example/')).rejects.toMatchObject({ code: 'address_refused' });
    expect(proxy.asked).toEqual(['GET http://hub.example/']);
  });

  test.each(['http', 'https'])('a proxy that refuses %s is named as the one who did', async (scheme) => {
    const proxy = await startProxy(1, { refusal: 407 });
    const outbound = openOutbound({ environment: { ALL_PROXY: proxy.origin } });
    const answer = outbound.request(`${scheme}://hub.example/`);
    await expect(answer).rejects.toThrow('the proxy refuses with status 407');
    await expect(answer).rejects.toMatchObject({ code: 'outbound_failed' });
  });

  test.each(['socks5://127.0.0.1:1080', 'socks5h://127.0.0.1:1080', 'ftp://a.example'])(
    'that is %s nothing is asked, least of all directly',
    async (proxy) => {
      const target = await startLoopback((_request, response) => response.end('direct'));
      const outbound = openOutbound({ environment: { ALL_PROXY: proxy } });
      await expect(outbound.request(target.origin)).rejects.toThrow('Set HTTPS_PROXY');
      expect(target.seen).toHaveLength(0);
    },
  );

  test('aborted tunnels leave nothing open', async () => {
    const target = await startLoopback((_request, response) => response.write('begun'), testCertificate);
    const proxy = await startProxy(target.port);
    const outbound = openOutbound({ environment: { ALL_PROXY: proxy.origin }, caFile: fileWith(testAuthority) });
    for (let turn = 0; turn < 20; turn++) {
      const leave = new AbortController();
      const answer = await outbound.request('https://hub.example/', { signal: leave.signal });
      if (turn % 2 === 0) leave.abort();
      else answer.cancel();
    }
    await expect.poll(() => proxy.sockets.size + target.sockets.size, { timeout: 20_000 }).toBe(0);
  });
});
