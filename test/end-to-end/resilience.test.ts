/** What happens when the engine dies, clients leave or stop reading, and many ask at once. */

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonSchemaDialect } from '../fixtures/seed-requests.ts';
import { gather, get, post, saidIn, stream } from './ask.ts';
import { enginesOf, type ServeProcess, startServer } from './running-server.ts';

let server: ServeProcess;
beforeAll(async () => {
  server = await startServer(['--served-model-name', 'nano', '--parallel', '2']);
});
afterAll(async () => {
  await server?.stop();
});

const short = { model: 'nano', messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 8 };

/** A request whose answer is long whatever the model would like to say. */
const long = {
  model: 'nano',
  messages: [{ role: 'user', content: 'Draw numbers' }],
  tools: [
    {
      type: 'function',
      function: {
        name: 'draw',
        description: 'Draws numbers',
        parameters: {
          type: 'object',
          properties: { numbers: { type: 'array', items: { type: 'integer' }, minItems: 500, maxItems: 500 } },
          required: ['numbers'],
        },
      },
    },
  ],
  tool_choice: 'required',
};

describe('an engine that is killed in mid-stream', () => {
  it('ends that request with an error event, and the next request works', async () => {
    const [engine] = enginesOf(server);
    if (engine === undefined) throw new Error('no engine process');
    const events = [];
    for await (const event of stream(server.url, long)) {
      // Stopped first, so that the stream cannot end by itself before the kill.
      if (events.length === 0) process.kill(engine, 'SIGSTOP');
      if (events.length === 0) process.kill(engine, 'SIGKILL');
      events.push(event);
    }
    expect(events.at(-1)).toMatchObject({ error: { code: 'engine_crashed', message: expect.any(String) } });
    expect((await post(server.url, short)).status).toBe(200);
    expect(enginesOf(server)).not.toContain(engine);
  });

  it('may be killed once more', async () => {
    for (const pid of enginesOf(server)) process.kill(pid, 'SIGKILL');
    await expect.poll(async () => (await post(server.url, short)).status, { timeout: 30_000 }).toBe(200);
  });
});

describe('many at once', () => {
  it('eight streams with tools: every call is whole and valid, or said to be cut', async () => {
    const cities = ['Boston', 'Paris', 'Oslo', 'Lima', 'Cairo', 'Tokyo', 'Quito', 'Dakar'];
    const answers = await Promise.all(
      cities.map((city) =>
        gather(
          stream(server.url, {
            ...jsonSchemaDialect,
            model: 'nano',
            messages: [{ role: 'user', content: `What's the weather like in ${city} today?` }],
            tool_choice: 'required',
          }),
        ),
      ),
    );
    for (const { calls, finish } of answers) {
      expect(['tool_calls', 'length']).toContain(finish);
      if (finish === 'length') continue;
      expect(calls.length).toBeGreaterThan(0);
      for (const call of calls) {
        expect(call.name).toBe('get_current_weather');
        const { location, unit } = JSON.parse(call.arguments);
        expect(typeof location).toBe('string');
        expect([undefined, 'celsius', 'fahrenheit']).toContain(unit);
      }
    }
  });

  it('a call that the token limit cuts says so and is the same partial text both ways', async () => {
    const cut = { ...long, max_tokens: 40, temperature: 0 };
    const whole = saidIn((await post(server.url, cut)).body);
    expect(whole.finish).toBe('length');
    expect(await gather(stream(server.url, cut))).toEqual(whole);
  });
});

describe('clients', () => {
  it('that leave free their slots', async () => {
    for (let round = 0; round < 4; round += 1) {
      const leaving = [new AbortController(), new AbortController()];
      const started = leaving.map(async ({ signal }) => {
        const chunks = stream(server.url, long, signal);
        await chunks.next();
        return chunks;
      });
      await Promise.all(started);
      for (const client of leaving) client.abort();
    }
    expect((await post(server.url, short)).status).toBe(200);
  });

  it('that stop reading hold up nobody', async () => {
    const body = JSON.stringify({ ...long, stream: true });
    const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    socket.write(head + body);
    const answers = await Promise.all([post(server.url, short), post(server.url, short)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    socket.destroy();
    expect((await get(server.url, '/readyz')).status).toBe(200);
  });
});
