/** Bytes that are no good request: each gets a clear answer in OpenAI's shape, never a 500, and the server goes on. */

import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptedServer, startScripted } from './fixtures/scripted-server.ts';

let server: ScriptedServer;
beforeAll(async () => {
  server = await startScripted({ limits: { bodyBytes: 16 * 1024 * 1024 } });
});
afterAll(async () => {
  await server.app.close(0);
});

const good = JSON.stringify({ model: 'org/nano', messages: [{ role: 'user', content: 'hi' }] });
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const withUnknown = (json: string): string => `${good.slice(0, -1)},"x":${json}}`;
const big = (megabytes: number): string =>
  JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(megabytes * 1024 * 1024) }] });

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
}

async function send({ method = 'POST', path = '/v1/chat/completions', body, headers = {} }: Sent) {
  const response = await fetch(server.url + path, { method, headers, ...(body !== undefined && { body }) });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

describe('a body', () => {
  const rows: ReadonlyArray<readonly [string, Sent, number, string]> = [
    ['that is empty', { body: '' }, 400, 'invalid_json'],
    ['that is not JSON', { body: '{"model":' }, 400, 'invalid_json'],
    [
      'that is a form',
      { body: 'model=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      400,
      'invalid_json',
    ],
    ['that is no UTF-8', { body: new Uint8Array([0x22, 0xff, 0xfe, 0x22]) }, 400, 'invalid_json'],
    [
      'that is compressed',
      { body: new Uint8Array(gzipSync(good)), headers: { 'content-encoding': 'gzip' } },
      415,
      'unsupported_media_type',
    ],
    ['with 1,000 levels', { body: withUnknown(nested(1_000)) }, 400, 'json_too_deep'],
    ['with a million levels', { body: nested(1_000_000) }, 400, 'json_too_deep'],
    ['of the wrong kind', { body: '[]' }, 400, 'invalid_type'],
    ['with a wish nobody knows', { body: good, headers: { 'x-aimindserve-report': 'all' } }, 400, 'invalid_value'],
    ['of another path', { path: '/v1/completions', body: good }, 400, 'unsupported_field'],
    ['beyond the limit', { body: big(17) }, 413, 'payload_too_large'],
  ];
  for (const [name, sent, status, code] of rows)
    it(`${name}: ${status} ${code}`, async () => {
      const { text, ...answer } = await send(sent);
      expect(answer.status).toBe(status);
      expect(JSON.parse(text)).toMatchObject({ error: { type: 'invalid_request_error', code } });
    });

  it('beyond the limit is refused while it still comes, and the connection lives on', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const post = (body: string) =>
      new Promise<{ status: number | undefined; port: number | undefined }>((resolve, reject) => {
        const options = { agent, port: server.port, path: '/v1/chat/completions', method: 'POST' };
        const sent = request({ ...options, headers: { 'transfer-encoding': 'chunked' } }, (response) => {
          response.resume();
          response.on('end', () => resolve({ status: response.statusCode, port: sent.socket?.localPort }));
        });
        sent.on('error', reject);
        sent.end(body);
      });
    const refused = await post(big(40));
    const accepted = await post(good);
    agent.destroy();
    expect([refused.status, accepted.status]).toEqual([413, 200]);
    expect(accepted.port).toBe(refused.port);
  });

  it('of 10 MB is fine', async () => {
    expect((await send({ body: big(10) })).status).toBe(200);
  });

  it('is read whatever it is called', async () => {
    for (const type of ['application/json; charset=utf-8', 'text/plain', 'application/x-www-form-urlencoded', ';;;'])
      expect((await send({ body: good, headers: { 'content-type': type } })).status).toBe(200);
    expect((await send({ body: new TextEncoder().encode(good) })).status).toBe(200);
    expect((await send({ body: `\ufeff${good}` })).status).toBe(200);
  });
});

describe('a path', () => {
  const rows: ReadonlyArray<readonly [string, string, number, string]> = [
    ['GET', '/', 404, 'not_found'],
    ['GET', '/v1', 404, 'not_found'],
    ['POST', '/v1/chat/completion', 404, 'not_found'],
    ['GET', '/v1/%zz', 404, 'not_found'],
    ['GET', '//', 404, 'not_found'],
    ['GET', '/v1/chat/completions', 405, 'method_not_allowed'],
    ['PUT', '/v1-openai/chat/completions', 405, 'method_not_allowed'],
    ['OPTIONS', '/v1/chat/completions', 405, 'method_not_allowed'],
    ['GET', '/v1/completions', 405, 'method_not_allowed'],
    ['DELETE', '/v1-openai/completions', 405, 'method_not_allowed'],
    ['POST', '/v1/models', 405, 'method_not_allowed'],
    ['DELETE', '/v1/models/org/nano', 405, 'method_not_allowed'],
    ['GET', '/v1/models/org/other', 404, 'model_not_found'],
    ['GET', `/v1/models/${'x'.repeat(3_000)}`, 404, 'model_not_found'],
  ];
  for (const [method, path, status, code] of rows)
    it(`${method} ${path.slice(0, 40)}: ${status} ${code}`, async () => {
      const { text, ...answer } = await send({ method, path });
      expect(answer.status).toBe(status);
      expect(JSON.parse(text)).toMatchObject({ error: { code } });
      if (status === 405) expect(answer.headers.get('allow')).toMatch(/^(GET, HEAD|POST)$/);
    });

  it('may be written sloppily', async () => {
    expect((await send({ path: '/v1/chat/completions/', body: good })).status).toBe(200);
    expect((await send({ path: '//v1//chat/completions', body: good })).status).toBe(200);
    expect((await send({ method: 'HEAD', path: '/v1/models' })).status).toBe(200);
    expect((await send({ method: 'GET', path: '/v1-openai/models/org%2Fnano' })).status).toBe(200);
  });
});

describe('a connection', () => {
  const headers = 'host: localhost\r\nconnection: close\r\n';
  const rows: ReadonlyArray<readonly [string, string, string]> = [
    ['that speaks no HTTP', 'hello there\r\n\r\n', 'HTTP/1.1 400'],
    ['with headers without end', `GET / HTTP/1.1\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`, 'HTTP/1.1 431'],
    [
      'with a chunk of nonsense',
      `POST /v1/chat/completions HTTP/1.1\r\n${headers}transfer-encoding: chunked\r\n\r\nzz\r\n`,
      'HTTP/1.1 400',
    ],
    ['with a method nobody knows', `BREW /v1/models HTTP/1.1\r\n${headers}\r\n`, 'HTTP/1.1 400'],
    [
      'of another site',
      'GET /v1/models HTTP/1.1\r\nhost: elsewhere.example\r\nconnection: close\r\n\r\n',
      'HTTP/1.1 403',
    ],
    [
      'of another site, for health',
      'GET /healthz HTTP/1.1\r\nhost: elsewhere.example\r\nconnection: close\r\n\r\n',
      'HTTP/1.1 200',
    ],
  ];
  for (const [name, sent, expected] of rows)
    it(`${name}: ${expected}`, async () => {
      const answer = await exchange(server.port, sent);
      expect(answer.slice(0, expected.length)).toBe(expected);
      if (!expected.endsWith('200')) expect(answer).toContain('{"error":{"message":');
    });

  it('that breaks off inside its body leaves nothing behind', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => {
        socket.write(`POST /v1/chat/completions HTTP/1.1\r\n${headers}content-length: 1000\r\n\r\n{"model"`, () => {
          socket.destroy();
          resolve();
        });
      });
    });
    expect((await send({ body: good })).status).toBe(200);
  });
});

/** Sends bytes and resolves with everything that comes back. */
function exchange(port: number, sent: string): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(sent));
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      received += text;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
  });
}
