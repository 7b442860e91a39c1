/** What a client sees while it waits. */

import { afterEach, expect, it } from 'vitest';
import type { ChatEvent } from '../chat/event.ts';
import { type ScriptedServer, startScripted, textAnswer } from './fixtures/scripted-server.ts';

const servers: ScriptedServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.app.close(0)));
});

const queued = (position: number): ChatEvent => ({ type: 'progress', stage: 'queued', position });
const prefill: ChatEvent = { type: 'progress', stage: 'prefill' };
const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function bodyOf(complete: () => AsyncIterable<ChatEvent>, stream: boolean): Promise<string> {
  const server = await startScripted({ complete, limits: { headersAfterMs: 30 } });
  servers.push(server);
  const body = JSON.stringify({ model: 'org/nano', stream, messages: [{ role: 'user', content: 'hi' }] });
  return (await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body })).text();
}

async function* slowly(): AsyncGenerator<ChatEvent> {
  yield queued(3);
  yield queued(2);
  await rest(100);
  yield queued(1);
  yield prefill;
  yield* textAnswer('hi');
}

it('is the newest place in line when the headers go out, and then each new one', async () => {
  const text = await bodyOf(slowly, true);
  expect(text.startsWith(': queued 2\n\n: queued 1\n\n: prefill\n\ndata: ')).toBe(true);
  expect(text).not.toContain('queued 3');
});

it('is nothing of it where the answer is not streamed', async () => {
  expect(await bodyOf(slowly, false)).not.toContain('queued');
});

it('is nothing of it where the answer begins at once', async () => {
  async function* swift(): AsyncGenerator<ChatEvent> {
    yield prefill;
    const [start, first, ...others] = textAnswer('hello there');
    for (const event of [start, first]) if (event !== undefined) yield event;
    await rest(60);
    yield* others;
  }
  expect(await bodyOf(swift, true)).not.toContain('prefill');
});
