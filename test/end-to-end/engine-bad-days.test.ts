/** Bad days of engines: whatever one does, each request ends in time with words, nothing leaks, and others go on. */

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gather, stream } from './ask.ts';
import { type Behaviour, type FaultyRemote, startFaultyRemote } from './faulty-remote.ts';
import { becomeAdministrator, type Caller, isReady, until, watchUntil } from './platform-caller.ts';
import { enginesIn } from './platform-processes.ts';
import { freshPlace, type Place } from './platform-server.ts';
import type { ServeProcess } from './running-server.ts';

let remote: FaultyRemote;
let place: Place;
let server: ServeProcess;
let admin: Caller;
let holder: Caller;
beforeAll(async () => {
  remote = await startFaultyRemote();
  place = freshPlace();
  server = await place.start(['--no-model']);
  admin = await becomeAdministrator(server.url, place.dataFolder);
  ({ holder } = await admin.makeKey({ name: 'client', scopes: ['inference'] }));
  await admin.api('PUT', '/settings', { allowedHosts: [new URL(remote.url).host], pathRoots: [] });
  const small = { source: { kind: 'bundled' }, contextSize: 1_024, parallel: 8, threads: 1 };
  await admin.api('POST', '/deployments', { ...small, name: 'near', limits: { queue: 64 } });
  const timeouts = { queue: 3, firstToken: 2, idle: 1, total: 4 };
  const source = { kind: 'remote', url: remote.url, model: 'far' };
  await admin.api('POST', '/deployments', { name: 'far', source, timeouts });
  for (const name of ['near', 'far']) await watchUntil(admin, name, isReady);
  await admin.api('POST', '/routes', {
    name: 'either',
    targets: [{ deployment: 'far', weight: 1 }],
    fallbacks: ['near'],
  });
});
afterAll(async () => {
  await server?.stop();
  place?.clear();
  await remote?.close();
});

const ask = (model: string, content: string, more: object = {}) =>
  holder.send('POST', '/v1/chat/completions', { model, messages: [{ role: 'user', content }], ...more });
/** How a streamed answer ends: why, or the code of its error. */
async function endOfStream(model: string, content: string, more: object = {}): Promise<string | null> {
  const body = { model, messages: [{ role: 'user', content }], ...more };
  try {
    return (await gather(stream(server.url, body, undefined, holder.headers))).finish;
  } catch (thrown) {
    return /"code":"(\w+)"/.exec(String(thrown))?.[1] ?? String(thrown);
  }
}
const codeIn = (text: string): string | undefined => /"code":"(\w+)"/.exec(text)?.[1];

/** Nothing of a request is left on either side. */
async function isQuiet(): Promise<boolean> {
  const { text } = await admin.send('GET', '/metrics');
  const underWay = [...text.matchAll(/^aimindserve_answers_under_way\S* (\d+)$/gm)].map(([, count]) => count);
  return underWay.every((count) => count === '0') && remote.open === 0;
}

const tools = [
  {
    type: 'function',
    function: { name: 'set_light', parameters: { type: 'object', properties: { level: { type: 'integer' } } } },
  },
];
const faults: ReadonlyArray<readonly [Behaviour, number, string, object]> = [
  ['hang', 504, 'engine_timeout', {}],
  ['silent', 504, 'engine_timeout', {}],
  ['garbage', 502, 'engine_protocol', {}],
  ['early', 502, 'engine_crashed', {}],
  ['drip', 504, 'engine_timeout', {}],
  ['endless', 504, 'engine_timeout', {}],
  ['cut-off', 502, 'engine_crashed', {}],
  ['bad-call', 502, 'invalid_tool_call', { tools, tool_choice: 'required' }],
];

describe('an engine', () => {
  it.each(faults)('that does this: %s, ends its own requests only, with %d %s', async (fault, status, code, more) => {
    const beside = endOfStream('near', 'Tell me a story.', { max_tokens: 60 });
    const whole = await ask('far', fault, more);
    expect([whole.status, codeIn(whole.text)]).toEqual([status, code]);
    expect(await endOfStream('far', fault, more)).toBe(code);
    expect(['length', 'stop']).toContain(await beside);
    expect((await ask('far', 'well')).status).toBe(200);
    await until('nothing is left', isQuiet);
  });

  it('that says it is well and fails every request is not asked for a while, and then again', async () => {
    remote.isLying = true;
    const before = remote.asked.length;
    const statuses: number[] = [];
    for (let count = 0; count < 8; count++) statuses.push((await ask('either', 'Hello!', { max_tokens: 4 })).status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const [instance] = (await admin.deployment('far')).instances;
    expect(instance).toMatchObject({ state: 'ailing', reason: expect.stringContaining('requests fail') });
    expect(remote.asked.length - before).toBeLessThan(8);
    remote.isLying = false;
    await until('it is trusted again', async () => (await ask('far', 'well')).status === 200);
    await watchUntil(admin, 'far', ({ instances: [each] }) => each?.state === 'ready');
  });

  it('that restarts between two requests is asked as if nothing had been', async () => {
    expect((await ask('far', 'well')).status).toBe(200);
    const { port } = remote;
    await remote.close();
    remote = await startFaultyRemote(port);
    expect((await ask('far', 'well')).status).toBe(200);
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'that ends under 32 streams (%s) loses those it was answering, no other',
    async (signal) => {
      await watchUntil(admin, 'near', isReady);
      const asks = Array.from({ length: 32 }, () => endOfStream('near', 'Tell me a story.', { max_tokens: 100 }));
      await until('it answers', async () =>
        (await admin.send('GET', '/metrics')).text.match(/answers_under_way\S* 32$/m),
      );
      const [engine] = enginesIn(place.dataFolder).values();
      process.kill(engine ?? 0, signal);
      const ends = await Promise.all(asks);
      const lost = ends.filter((end) => end === 'engine_crashed');
      expect(lost.length).toBeLessThanOrEqual(8);
      expect(ends.filter((end) => end === 'length' || end === 'stop')).toHaveLength(32 - lost.length);
      await until('nothing is left', isQuiet);
    },
  );
});

describe('clients', () => {
  it('of which one reads nothing hold up nobody', async () => {
    const body = JSON.stringify({
      model: 'near',
      stream: true,
      messages: [{ role: 'user', content: 'Tell me a story.' }],
    });
    const deaf = connectTo(body);
    deaf.pause();
    expect((await ask('near', 'Hello!', { max_tokens: 4 })).status).toBe(200);
    deaf.destroy();
    await until('nothing is left', isQuiet);
  });

  it('a thousand of which connect and leave, leave nothing', async () => {
    const body = JSON.stringify({ model: 'near', stream: true, messages: [{ role: 'user', content: 'Hello!' }] });
    for (let hundred = 0; hundred < 10; hundred++) {
      const sockets = Array.from({ length: 100 }, (_, index) => connectTo(index % 3 === 0 ? undefined : body));
      await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
      for (const socket of sockets) socket.destroy();
    }
    await until('nothing is left', isQuiet);
    expect((await ask('near', 'Hello!', { max_tokens: 4 })).status).toBe(200);
  });
});

/** A client by hand that sends this question, or nothing at all. */
function connectTo(body: string | undefined) {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  const authorization = holder.headers['authorization'] ?? '';
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\n`;
  if (body !== undefined) socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  return socket;
}
