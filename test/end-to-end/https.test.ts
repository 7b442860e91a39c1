/** A server behind TLS, as an administrator sets it up: where it says it is, who gets in, and what start refuses. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testAuthority, testCertificate } from '../../src/outbound/fixtures/certificate.ts';
import { until } from './platform-caller.ts';
import { freshPlace, type Place } from './platform-server.ts';
import { runCommand, type ServeProcess } from './running-server.ts';

let folder: string;
let place: Place;
let server: ServeProcess;
let signedIn: Record<string, string> = {};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'https-'));
  writeFileSync(join(folder, 'tls.crt'), testCertificate.cert);
  writeFileSync(join(folder, 'tls.key'), testCertificate.key);
  place = freshPlace();
  server = await place.start(['--no-model', ...tlsWords('tls.key')]);
});
afterAll(async () => {
  await server?.stop();
  place?.clear();
  rmSync(folder, { recursive: true, force: true });
});

function tlsWords(keyName: string): string[] {
  return ['--tls-cert', join(folder, 'tls.crt'), '--tls-key', join(folder, keyName)];
}

interface Told {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function ask(
  method: string,
  path: string,
  sent: { headers?: Record<string, string>; body?: object } = {},
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const { headers = {}, body } = sent;
    const asking = request(server.url + path, { method, headers, ca: testAuthority, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    asking.once('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

describe('a server with a certificate', () => {
  it('says where it is, and is ready to be managed without a model', async () => {
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(await ask('GET', '/readyz')).toMatchObject({ status: 200, text: '{"status":"ready"}' });
    const plain = await fetch(server.url.replace('https', 'http'));
    expect([plain.status, await plain.text()]).toEqual([400, expect.stringContaining('must begin with https://')]);
  });

  it('gives out cookies for TLS alone, and its numbers to administrators', async () => {
    const link = readFileSync(join(place.dataFolder, 'admin-link'), 'utf8').trim();
    expect(link.startsWith(`${server.url}/#`)).toBe(true);
    const person = { token: link.split('token=')[1], name: 'ada', password: 'correct horse battery' };
    const { status, headers, text } = await ask('POST', '/api/v1/setup', { body: person });
    expect([status, headers['set-cookie']?.[0]]).toEqual([201, expect.stringMatching(/; HttpOnly; .*; Secure$/)]);
    const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    signedIn = { cookie, 'x-csrf-token': JSON.parse(text).csrfToken };
    const numbers = await ask('GET', '/metrics', { headers: { cookie } });
    expect(numbers.text).toContain('aimindserve_build_info{version="');
    expect(numbers.text).toContain(
      'aimindserve_http_requests_total{method="POST",route="/api/v1/setup",status="201"} 1',
    );
    expect(await ask('GET', '/metrics')).toMatchObject({ status: 401 });
  });

  it('is not ready while its only model loads', async () => {
    const body = { source: { kind: 'bundled' }, contextSize: 512, parallel: 1, threads: 1 };
    expect(await ask('POST', '/api/v1/deployments', { headers: signedIn, body })).toMatchObject({ status: 201 });
    expect(await ask('GET', '/readyz')).toMatchObject({ status: 503, text: '{"status":"starting"}' });
    await until('the model is ready', async () => (await ask('GET', '/readyz')).status === 200);
    const numbers = await ask('GET', '/metrics', { headers: signedIn });
    expect(numbers.text).toContain('aimindserve_instances{state="ready"} 1');
  });
});

describe('a start', () => {
  const table: readonly (readonly [what: string, words: () => readonly string[], told: RegExp])[] = [
    ['without the key’s file', () => tlsWords('none.key'), /TLS: .*none\.key cannot be read: ENOENT/],
    ['with a certificate for a key', () => tlsWords('tls.crt'), /TLS: .*tls\.crt holds no private key/],
    ['that trusts a name', () => ['--trusted-proxy', 'proxy.local'], /--trusted-proxy: 'proxy\.local' is neither/],
    ['that lets any page in', () => ['--cors-origin', '*'], /--cors-origin: Any page may be hostile/],
  ];
  for (const [what, words, told] of table)
    it(`${what} ends with 78 and the reason`, async () => {
      const { code, err } = await runCommand(['serve', '--port', '0', '--no-model', ...words()]);
      expect([code, err]).toEqual([78, expect.stringMatching(told)]);
    });
});
