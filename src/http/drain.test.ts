/** Slow readers and a server that stops: nothing hangs, nothing is lost without a word. */

import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatEvent } from '../chat/event.ts';
import {
  aborted,
  readyModel,
  type Script,
  type ScriptedServer,
  startScripted,
  textAnswer,
} from './fixtures/scripted-server.ts';

const servers: ScriptedServer[] = [];
const sockets: Socket[] = [];
async function start(script: Script): Promise<ScriptedServer> {
  const server = await startScripted(script);
  servers.push(server);
  return server;
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.app.close(0)));
});

const question = { model: 'org/nano', messages: [{ role: 'user', content: 'hi' }] };
function ask(server: ScriptedServer, stream: boolean): Promise<Response> {
  const url = `${server.url}/v1/chat/completions`;
  return fetch(url, { method: 'POST', body: JSON.stringify({ ...question, stream }) });
}

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function gate(): Gate {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('a client that stops reading', () => {
  it('pauses the answer, and is dropped in the end', async () => {
    const over = gate();
    let produced = 0;
    async function* endless(_request: unknown, signal: AbortSignal): AsyncGenerator<ChatEvent> {
      yield { type: 'start', choice: 0, id: 'chatcmpl-1' };
      while (!signal.aborted) {
        produced++;
        yield { type: 'text-delta', choice: 0, text: 'x'.repeat(100_000) };
      }
      over.open();
    }
    const server = await start({ complete: endless, limits: { stallMs: 200 } });
    const socket = connect(server.port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.pause();
    const body = JSON.stringify({ ...question, stream: true });
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await over.opened;
    // What the kernel's buffers hold, and no more.
    expect(produced).toBeLessThan(500);
  });
});

describe('a server that stops', () => {
  for (const stream of [true, false])
    it(`lets an answer end, and takes no new one (stream: ${stream})`, async () => {
      const begun = gate();
      const release = gate();
      async function* slow(): AsyncGenerator<ChatEvent> {
        const events = textAnswer('to the end');
        yield* events.slice(0, 2);
        begun.open();
        await release.opened;
        yield* events.slice(2);
      }
      const server = await start({ complete: slow });
      const running = ask(server, stream);
      await begun.opened;
      const closed = server.app.close(30_000);
      const late = await ask(server, stream);
      expect(late.status).toBe(503);
      expect(late.headers.get('retry-after')).toBe('1');
      expect(await late.json()).toMatchObject({ error: { code: 'shutting_down' } });
      expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
      release.open();
      const text = await (await running).text();
      expect(text).toContain(stream ? '[DONE]' : '"content":"to the end"');
      await closed;
      await expect(ask(server, stream)).rejects.toThrow();
    });

  for (const stream of [true, false])
    it(`cuts an endless answer short, and says so (stream: ${stream})`, async () => {
      const begun = gate();
      async function* endless(_request: unknown, signal: AbortSignal): AsyncGenerator<ChatEvent> {
        yield* textAnswer('a').slice(0, 2);
        begun.open();
        await aborted(signal);
      }
      const server = await start({ complete: endless });
      const running = ask(server, stream);
      await begun.opened;
      await server.app.close(10);
      const response = await running;
      expect(response.status).toBe(stream ? 200 : 503);
      expect(await response.text()).toContain('"code":"shutting_down"');
    });

  it('closes although an answer ignores everything', async () => {
    const begun = gate();
    async function* deaf(): AsyncGenerator<ChatEvent> {
      yield* textAnswer('a').slice(0, 2);
      begun.open();
      await new Promise(() => {});
    }
    const server = await start({ complete: deaf });
    const running = ask(server, true);
    await begun.opened;
    await server.app.close(10);
    await expect((await running).text()).rejects.toThrow();
  });
});

describe('readiness', () => {
  it('comes with the first model', async () => {
    let state: 'starting' | 'ready' = 'starting';
    const server = await start({ models: () => [{ ...readyModel, state }] });
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    state = 'ready';
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });
});
