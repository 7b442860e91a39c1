/** HTTPS over real sockets: its certificate, its renewal, and clients that speak something else. */

import { createPrivateKey } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../base/clock.ts';
import { ConfigError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import { testCertificate } from '../outbound/fixtures/certificate.ts';
import { renewedCertificate } from './fixtures/renewed-certificate.ts';
import { type ScriptedServer, startScripted } from './fixtures/scripted-server.ts';
import { createTls, type Tls } from './tls.ts';
import type { CertificateFiles, Pair } from './tls-pair.ts';

let folder: string;
let files: CertificateFiles;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'));
  files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
  write(testCertificate);
});
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

function write({ cert, key }: Pair): void {
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key);
}

function replaceByFolder(path: string): void {
  unlinkSync(path);
  mkdirSync(path);
}

describe('files at the start', () => {
  const lockedKey = createPrivateKey(testCertificate.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  });
  const table: readonly (readonly [what: string, make: () => void, message: RegExp])[] = [
    ['that are not there', () => unlinkSync(files.keyFile), /tls\.key cannot be read: ENOENT/],
    ['that are folders', () => replaceByFolder(files.certFile), /tls\.crt cannot be read: EISDIR/],
    ['without a certificate', () => write({ ...testCertificate, cert: 'hello' }), /tls\.crt holds no certificate/],
    ['without a key', () => write({ ...testCertificate, key: testCertificate.cert }), /tls\.key holds no private key/],
    [
      'with a locked key',
      () => write({ ...testCertificate, key: String(lockedKey) }),
      /tls\.key is protected by a pass/,
    ],
    [
      'of two pairs',
      () => write({ ...testCertificate, key: renewedCertificate.key }),
      /tls\.key does not belong to .*crt/,
    ],
  ];
  for (const [what, make, message] of table)
    it(`${what} are refused by name`, () => {
      make();
      const start = (): Tls => createTls({ files, log: silentLog, clock: systemClock, refusePlain: () => {} });
      expect(start).toThrow(ConfigError);
      expect(start).toThrow(message);
    });
});

/** What was logged, and somebody who waits for a line. */
function listenTo(): { readonly lines: string[]; readonly log: typeof silentLog; said(words: string): Promise<void> } {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const note = (level: string) => (_fields: object, message: string) => {
    lines.push(`${level} ${message}`);
    for (const look of waiting) look();
  };
  return {
    lines,
    log: { ...silentLog, info: note('info'), warn: note('warn'), error: note('error') },
    said: (words) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!lines.some((line) => line.includes(words))) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

/** A server of two words on a free port, whose files are looked at all the time. */
async function serve(clock: Clock = systemClock) {
  const heard = listenTo();
  const tls = createTls({ files, log: heard.log, clock, lookMs: 5, refusePlain: (socket) => void socket.end('plain') });
  const server = tls.createServer((_request, response) => void response.end('well done'), {
    requestTimeout: 10_000,
    keepAliveTimeout: 10_000,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(
    () => tls.close(),
    () => server.close(),
  );
  const address = server.address();
  return { ...heard, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

function handshake(port: number, host = '127.0.0.1'): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host, rejectUnauthorized: false }, () => resolve(socket));
    socket.once('error', reject);
    ends.push(() => socket.destroy());
  });
}

async function shownBy(port: number): Promise<string> {
  const socket = await handshake(port);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

/** Asks over a connection that may be there already. */
function ask(port: number, agent: Agent): Promise<{ readonly text: string; readonly isReused: boolean }> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', agent, rejectUnauthorized: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve({ text, isReused: request.reusedSocket }));
    });
    request.once('error', reject);
  });
}

describe('a certificate that changes', () => {
  it('is shown to new connections; the old ones go on', async () => {
    const { port, said } = await serve();
    const agent = new Agent({ keepAlive: true });
    ends.push(() => agent.destroy());
    expect(await ask(port, agent)).toEqual({ text: 'well done', isReused: false });
    expect(await shownBy(port)).toBe('localhost');
    write(renewedCertificate);
    await said('the TLS certificate was changed');
    expect(await shownBy(port)).toBe('renewed');
    expect(await ask(port, agent)).toEqual({ text: 'well done', isReused: true });
  });

  it('is found behind links that are replaced, as Kubernetes and certbot do', async () => {
    for (const [name, pair] of Object.entries({ v1: testCertificate, v2: renewedCertificate })) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'tls.crt'), pair.cert);
      writeFileSync(join(folder, name, 'tls.key'), pair.key);
    }
    symlinkSync('v1', join(folder, 'data'));
    for (const file of ['tls.crt', 'tls.key']) {
      unlinkSync(join(folder, file));
      symlinkSync(join('data', file), join(folder, file));
    }
    const { port, said } = await serve();
    expect(await shownBy(port)).toBe('localhost');
    symlinkSync('v2', join(folder, 'data-new'));
    renameSync(join(folder, 'data-new'), join(folder, 'data'));
    await said('the TLS certificate was changed');
    expect(await shownBy(port)).toBe('renewed');
  });

  it('for the worse stays unused, and one line says so until it is mended', async () => {
    const { port, said, lines } = await serve();
    writeFileSync(files.keyFile, renewedCertificate.key);
    await said('the old one stays');
    expect(await shownBy(port)).toBe('localhost');
    unlinkSync(files.certFile);
    const secondTime = (): boolean => lines.filter((line) => line.startsWith('error')).length === 2;
    while (!secondTime()) await said('the old one stays').then(() => new Promise((resolve) => setImmediate(resolve)));
    write(renewedCertificate);
    await said('the TLS certificate was changed');
    expect(lines.filter((line) => line.startsWith('error'))).toHaveLength(2);
    expect(await shownBy(port)).toBe('renewed');
  });

  it('is told of where it has expired', async () => {
    const later = { ...systemClock, unixMs: () => Date.parse('2200-01-01') };
    const { lines } = await serve(later);
    expect(lines).toEqual(['warn the TLS certificate is in use, but it has expired']);
  });
});

/** Everything a connection says until it ends. */
function talk(port: number, words: string): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(words));
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve(said));
    ends.push(() => socket.destroy());
  });
}

describe('a client that speaks something else', () => {
  it('in plain HTTP is told to use https', async () => {
    const server = await startTls();
    const answer = await talk(server.port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('the address must begin with https://');
  });

  it('in a broken handshake is left, and others are served', async () => {
    const server = await startTls();
    expect(await talk(server.port, `\x16\x03\x01\x00\x05hello${'x'.repeat(100)}`)).not.toContain('HTTP/1.1');
    expect(await ask(server.port, new Agent())).toMatchObject({ text: expect.stringContaining('error') });
  });

  it('in a version that is too old is refused', async () => {
    const { port } = await serve();
    const old = new Promise((resolve, reject) => {
      const options = { port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.1' } as const;
      const socket = connectTls({ ...options, minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }, () =>
        resolve(socket),
      );
      socket.once('error', reject);
    });
    await expect(old).rejects.toThrow(/protocol/);
    expect((await handshake(port)).getProtocol()).toBe('TLSv1.3');
  });
});

async function startTls(): Promise<ScriptedServer> {
  const reach = { tls: files, corsOrigins: [], trustedProxies: [] };
  const server = await startScripted({ options: { reach } });
  ends.push(() => server.app.close(0));
  return server;
}

describe('a server that stops', () => {
  it('does not wait for handshakes that never come', async () => {
    const server = await startTls();
    const silent = connect(server.port, '127.0.0.1');
    const begun = connect(server.port, '127.0.0.1', () => begun.write('\x16'));
    const closed = [silent, begun].map(
      (socket) => new Promise((resolve) => socket.on('error', () => {}).once('close', resolve)),
    );
    await handshake(server.port);
    await server.app.close(0);
    await Promise.all(closed);
  });
});

describe('a server over TLS', () => {
  it('streams, on every address of its name', async () => {
    const reach = { tls: files, corsOrigins: [], trustedProxies: [] };
    const server = await startScripted({ options: { reach }, host: 'localhost' });
    ends.push(() => server.app.close(0));
    expect(server.url).toBe(`https://localhost:${server.port}`);
    const body = JSON.stringify({ model: 'org/nano', stream: true, messages: [{ role: 'user', content: 'hi' }] });
    for (const { address } of await lookup('localhost', { all: true })) {
      const socket = await handshake(server.port, address);
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      expect(await textOf(socket), address).toContain('data: [DONE]');
    }
  });

  it('does not mind a handshake that comes byte by byte', async () => {
    const { port } = await serve();
    const slow = createServer((client) => {
      const behind = connect(port, '127.0.0.1');
      for (const socket of [behind, client]) socket.on('error', () => {});
      client.on('data', (bytes) => {
        for (const byte of bytes) behind.write(Uint8Array.of(byte));
      });
      behind.setNoDelay(true).pipe(client);
      client.on('close', () => behind.destroy());
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    ends.push(() => slow.close());
    const address = slow.address();
    const agent = new Agent();
    expect(await ask(typeof address === 'object' && address !== null ? address.port : 0, agent)).toMatchObject({
      text: 'well done',
    });
  });
});

async function textOf(socket: TLSSocket): Promise<string> {
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += chunk;
  return text;
}
