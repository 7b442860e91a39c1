/** Traffic over real engines: a line for their places, another replica where one dies, time limits, routes, and the end. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stream } from './ask.ts';
import { type Answer, becomeAdministrator, type Caller, isReady, until, watchUntil } from './platform-caller.ts';
import { enginesIn } from './platform-processes.ts';
import { freshPlace, type Place } from './platform-server.ts';
import type { ServeProcess } from './running-server.ts';

let place: Place;
let server: ServeProcess;
let admin: Caller;
let client: Caller;
beforeAll(async () => {
  place = freshPlace();
  server = await place.start(['--no-model', '--drain-timeout', '1']);
  admin = await becomeAdministrator(server.url, place.dataFolder);
  ({ holder: client } = await admin.makeKey({ name: 'client' }));
});
afterAll(async () => {
  await server?.stop();
  place?.clear();
});

const engines = () => [...enginesIn(place.dataFolder).values()];

async function deploy(name: string, more: object = {}): Promise<void> {
  const source = { kind: 'bundled' };
  await admin.api('POST', '/deployments', { name, source, contextSize: 1_024, parallel: 1, threads: 1, ...more });
  await watchUntil(admin, name, isReady);
}

async function remove(name: string): Promise<void> {
  await admin.api('DELETE', `/deployments/${name}`);
  await until('its engines have ended', () => engines().length === 0);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const statusesOf = (answers: readonly Answer[]) => answers.map(({ status }) => status).toSorted();

/** A request whose answer is long whatever the model would like to say. */
const long = {
  messages: [{ role: 'user', content: 'Draw numbers' }],
  tools: [
    {
      type: 'function',
      function: {
        name: 'draw',
        parameters: {
          type: 'object',
          properties: { numbers: { type: 'array', items: { type: 'integer' }, minItems: 500 } },
          required: ['numbers'],
        },
      },
    },
  ],
  tool_choice: 'required',
};

describe('a full engine', () => {
  it('lets others wait in line and says where they stand, sends the rest away, and serves all who waited', async () => {
    await deploy('nano', { limits: { queue: 2 } });
    const [engine = 0] = engines();
    process.kill(engine, 'SIGSTOP');
    const first = client.chat('nano');
    await pause(300);
    const waiting = [1, 2].map(() => client.chat('nano', { stream: true }));
    await pause(700);
    const refused = await client.chat('nano');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // Headers go out after three seconds, and with them where they stand.
    await pause(3_500);
    process.kill(engine, 'SIGCONT');
    const answers = await Promise.all([first, ...waiting]);
    expect(statusesOf(answers)).toEqual([200, 200, 200]);
    const [, second, third] = answers;
    expect([second?.text, third?.text].toSorted()).toEqual([
      expect.stringMatching(/^: queued 1\n\n(?:: .*\n\n)*data: /),
      expect.stringMatching(/^: queued 2\n\n(?:: .*\n\n)*data: /),
    ]);
    await remove('nano');
  });

  it('frees the place of a client that leaves, and those of a hundred that leave while they wait', async () => {
    await deploy('nano', { limits: { queue: 100 } });
    const leaving = new AbortController();
    const headers = { ...client.headers, 'content-type': 'application/json' };
    const body = JSON.stringify({ ...long, model: 'nano', stream: true });
    const url = `${server.url}/v1/chat/completions`;
    const asks = Array.from({ length: 100 }, () =>
      fetch(url, { method: 'POST', headers, body, signal: leaving.signal }).then((response) => response.text()),
    );
    const all = Promise.allSettled(asks);
    await pause(500);
    leaving.abort();
    await all;
    expect((await client.chat('nano')).status).toBe(200);
    await remove('nano');
  });
});

describe('a replica that is killed', () => {
  it('loses no request that had not begun: others answer them', async () => {
    await deploy('nano', { replicas: 2, parallel: 4, limits: { queue: 100 } });
    const [engine = 0] = engines();
    process.kill(engine, 'SIGSTOP');
    const question = (index: number) => [{ role: 'user', content: `Hello, number ${index}!` }];
    const asks = Array.from({ length: 32 }, (_, index) => client.chat('nano', { messages: question(index) }));
    await pause(500);
    process.kill(engine, 'SIGKILL');
    expect(new Set(statusesOf(await Promise.all(asks)))).toEqual(new Set([200]));
    await remove('nano');
  });
});

describe('an engine that is silent for too long', () => {
  it('is given up after the time of its deployment, and is asked again later', async () => {
    await deploy('nano', { timeouts: { firstToken: 1 } });
    const [engine = 0] = engines();
    process.kill(engine, 'SIGSTOP');
    const answer = await client.chat('nano');
    expect([answer.status, answer.text]).toEqual([504, expect.stringContaining('engine_timeout')]);
    process.kill(engine, 'SIGCONT');
    expect((await client.chat('nano')).status).toBe(200);
    await remove('nano');
  });
});

describe('a route', () => {
  it('answers under its own name, falls back while its target is stopped, and is what a key may be bound to', async () => {
    await deploy('nano');
    await deploy('spare');
    const route = { name: 'chat', targets: [{ deployment: 'nano' }], fallbacks: ['spare'] };
    await admin.api('POST', '/routes', route);
    const { holder } = await admin.makeKey({ name: 'bound', allowedModels: ['chat'] });
    const asked = async () => {
      const body = { model: 'chat', messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 4 };
      const { status, text } = await holder.send('POST', '/v1/chat/completions', body, { 'x-aimindserve-report': '1' });
      expect(status, text).toBe(200);
      const answer: { readonly model: string; readonly aimindserve: { readonly deployment: string } } =
        JSON.parse(text);
      return [answer.model, answer.aimindserve.deployment];
    };
    expect(await asked()).toEqual(['chat', 'nano']);
    const listed = await holder.send('GET', '/v1/models');
    expect(JSON.parse(listed.text).data).toMatchObject([{ id: 'chat' }]);
    expect((await holder.chat('nano')).status).toBe(404);
    await admin.api('POST', '/deployments/nano/stop');
    await watchUntil(admin, 'nano', ({ state }) => state === 'stopped');
    expect(await asked()).toEqual(['chat', 'spare']);
    expect(await admin.refused('POST', '/deployments', { name: 'chat', source: { kind: 'bundled' } })).toMatchObject({
      status: 409,
    });
    await admin.api('DELETE', '/routes/chat');
    expect((await holder.chat('chat')).status).toBe(404);
    await admin.api('DELETE', '/deployments/spare');
    await remove('nano');
  });
});

describe('a server that is told to end', () => {
  it('gives streams the time that was said, then ends them with an error event', async () => {
    await deploy('nano');
    const [engine = 0] = engines();
    const events = [];
    let ended: Promise<{ readonly code: number | null }> | undefined;
    for await (const event of stream(server.url, { ...long, model: 'nano' }, undefined, client.headers)) {
      // It stands still, so that the answer cannot end by itself.
      if (ended === undefined) process.kill(engine, 'SIGSTOP');
      ended ??= server.stop('SIGTERM');
      events.push(event);
    }
    process.kill(engine, 'SIGCONT');
    expect(events.at(-1)).toMatchObject({ error: { code: 'shutting_down' } });
    expect((await ended)?.code).toBe(0);
    await until('its engines have ended', () => engines().length === 0);
  });
});
