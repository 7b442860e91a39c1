/** The line of each request, with and without a proxy, over real sockets. */

import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { OutputError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import { aborted, eventsOf, type Script, type ScriptedServer, startScripted } from './fixtures/scripted-server.ts';

const servers: ScriptedServer[] = [];
const lines: Record<string, unknown>[] = [];
let heard = (): void => {};

async function start(script: Script = {}, trustedProxies: readonly string[] = []): Promise<ScriptedServer> {
  const note = (fields: object, message: string): void => {
    lines.push({ ...fields, message });
    heard();
  };
  const log = { ...silentLog, info: note, warn: note, error: note };
  const options = { log, reach: { corsOrigins: [], trustedProxies }, ...script.options };
  const server = await startScripted({ ...script, options });
  servers.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.app.close(0)));
  lines.length = 0;
});

/** The next line: it is written when the connection or the answer is over, which a client may know earlier. */
async function nextLine(): Promise<Record<string, unknown>> {
  while (lines.length === 0)
    await new Promise<void>((resolve) => {
      heard = resolve;
    });
  return lines.shift() ?? {};
}

describe('the line of a request', () => {
  it('says who asked from where for what, and how it went', async () => {
    const server = await start({ keys: ['good'] });
    const headers = { authorization: 'Bearer good' };
    const { status } = await fetch(`${server.url}/v1/models/org/nano?api_key=secret`, { headers });
    expect(status).toBe(200);
    const line = await nextLine();
    expect(line).toEqual({
      requestId: expect.stringMatching(/^req_[0-9a-f]{32}$/),
      callerId: 'flag',
      address: '127.0.0.1',
      method: 'GET',
      route: '/v1/models/*',
      status: 200,
      isWhole: true,
      ms: expect.any(Number),
      message: 'GET /v1/models/*',
    });
  });

  it('names nobody where nobody was let in, and shows where a lost one went', async () => {
    const server = await start({ keys: ['good'] });
    await fetch(`${server.url}/v2/chat/completions?q=secret`, { headers: { 'x-api-key': 'wrong-secret' } });
    const line = await nextLine();
    expect(line).toMatchObject({ callerId: undefined, route: '/v2/chat/completions', status: 401 });
    expect(JSON.stringify(line)).not.toContain('secret');
  });

  it('and what is said of a failed answer quote nothing of it', async () => {
    const error = new OutputError('invalid_tool_call', 'The call of secret is not valid: $.secret must be a secret.');
    const server = await start({ complete: () => eventsOf([{ type: 'error', error }]) });
    const body = JSON.stringify({ model: 'org/nano', messages: [{ role: 'user', content: 'secret' }] });
    const response = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body });
    const requestId = response.headers.get('x-request-id');
    const [failed, line] = [await nextLine(), await nextLine()];
    expect([failed, line]).toMatchObject([
      { requestId, code: 'invalid_tool_call', message: 'the model did not keep what was promised' },
      { requestId, status: 502 },
    ]);
    expect(JSON.stringify([failed, line])).not.toContain('secret');
  });

  it('says that a client left', async () => {
    const left = { complete: (_request: unknown, signal: AbortSignal) => untilLeft(signal) };
    const server = await start(left);
    const leaving = new AbortController();
    const body = JSON.stringify({ model: 'org/nano', stream: true, messages: [{ role: 'user', content: 'hi' }] });
    const url = `${server.url}/v1/chat/completions`;
    const response = await fetch(url, { method: 'POST', body, signal: leaving.signal });
    leaving.abort();
    await response.text().catch(() => {});
    expect(await nextLine()).toMatchObject({ route: '/v1/chat/completions', isWhole: false, callerId: 'local' });
  });

  it('is not written for the questions of supervisors, nor for paths that are none', async () => {
    const server = await start();
    await fetch(`${server.url}/healthz`);
    const socket = connect(server.port, '127.0.0.1', () => socket.end('GET /%zz HTTP/1.1\r\nhost: localhost\r\n\r\n'));
    for await (const chunk of socket.setEncoding('utf8'))
      expect(chunk).toMatch(/404 Not Found[\s\S]*x-request-id: req_/);
    await fetch(`${server.url}/v1/models`);
    expect(await nextLine()).toMatchObject({ route: '/v1/models' });
  });
});

async function* untilLeft(signal: AbortSignal) {
  yield* eventsOf([
    { type: 'start', choice: 0, id: 'chatcmpl-1' },
    { type: 'text-delta', choice: 0, text: 'a' },
  ]);
  await aborted(signal);
}

describe('behind a trusted proxy', () => {
  const keys = ['good'];
  const ask = async (proxies: readonly string[], headers: Record<string, string>) => {
    const server = await start({ keys }, proxies);
    const response = await fetch(`${server.url}/v1/models`, { headers: { authorization: 'Bearer good', ...headers } });
    const { address, requestId } = await nextLine();
    expect(response.headers.get('x-request-id')).toBe(requestId);
    return `${address} ${requestId}`;
  };

  it('its word on the client and on the name of the request is believed', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9, 192.0.2.1', 'x-request-id': 'edge-1_a' };
    expect(await ask(['127.0.0.1'], headers)).toBe('192.0.2.1 edge-1_a');
    expect(await ask(['127.0.0.0/8', '192.0.2.0/24'], headers)).toBe('203.0.113.9 edge-1_a');
  });

  it('what a client made up is not', async () => {
    const hops = '<b>, 198.51.100.7, 192.0.2.1';
    expect(await ask(['127.0.0.1', '192.0.2.1', '198.51.100.7'], { 'x-forwarded-for': hops })).toMatch(
      /^198\.51\.100\.7 /,
    );
    expect(await ask(['127.0.0.1'], { 'x-forwarded-for': 'unknown' })).toMatch(/^127\.0\.0\.1 req_/);
    for (const id of ['', 'a b', 'x'.repeat(65), 'ü'])
      expect(await ask(['127.0.0.1'], { 'x-request-id': id })).toMatch(/^127\.0\.0\.1 req_/);
  });

  it('or rather not: nobody else is believed', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-request-id': 'mine' };
    for (const proxies of [[], ['192.0.2.1']]) expect(await ask(proxies, headers)).toMatch(/^127\.0\.0\.1 req_/);
  });

  it('its word on TLS is believed, nobody else’s', async () => {
    const protocols: string[] = [];
    for (const proxies of [['127.0.0.1'], []]) {
      const addRoutes = (app: FastifyInstance): void => {
        app.get('/api/protocol', (request, reply) => reply.send(request.protocol));
      };
      const server = await start({ options: { addRoutes } }, proxies);
      const response = await fetch(`${server.url}/api/protocol`, { headers: { 'x-forwarded-proto': 'https' } });
      protocols.push(await response.text());
    }
    expect(protocols).toEqual(['https', 'http']);
  });

  it('nobody is let in without a key, whether or not the proxy tells of its client', async () => {
    const server = await start({}, ['127.0.0.1']);
    const told: string[] = [];
    for (const headers of [{}, { 'x-forwarded-for': '203.0.113.9' }]) {
      const response = await fetch(`${server.url}/v1/models`, { headers });
      told.push(`${response.status} ${(await response.text()).includes('"code":"foreign_origin"')}`);
    }
    expect(told).toEqual(['403 true', '403 true']);
  });
});
