/** A remote, with a server of ours in the place of all that speak the same protocol. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomHex, systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { ChatEvent } from '../../src/chat/event.ts';
import { type FoldedAnswer, foldEvents } from '../../src/chat/fold.ts';
import type { Message } from '../../src/chat/message.ts';
import type { ChatRequest, Sampling } from '../../src/chat/request.ts';
import type { Tool } from '../../src/chat/tool.ts';
import { type ChatClient, isChatClient } from '../../src/engines/engine.ts';
import { createOpenaiEngine } from '../../src/engines/openai/openai.ts';
import { completeSpec } from '../../src/fleet/deployment.ts';
import { remoteShelf } from '../../src/operating/shelves/remote-shelf.ts';
import { createOutbound } from '../../src/outbound/http-client.ts';
import { startServer } from '../end-to-end/running-server.ts';
import { ask as question, user } from '../fixtures/answering-world.ts';
import { describeChatClient } from './chat.contract.ts';

async function open() {
  const server = await startServer(['--ctx-size', '4096', '--parallel', '2', '--threads', '1']);
  const source = { kind: 'remote', url: `${server.url}/v1`, model: 'aimindserve-nano' } as const;
  const outbound = createOutbound({ environment: {}, allowedHosts: () => [new URL(server.url).host], log: silentLog });
  const engine = createOpenaiEngine({ outbound, clock: systemClock, randomHex });
  const spec = await remoteShelf.take(source, () => {}, AbortSignal.timeout(60_000));
  const served = { spec, wishes: engine.readWishes(completeSpec({ source })) };
  const client = await engine.connect({ url: source.url, token: '' }, AbortSignal.timeout(60_000), served);
  if (!isChatClient(client)) throw new TypeError('a remote speaks chat');
  const close = async (): Promise<void> => {
    client.close();
    await server.stop('SIGKILL');
    await outbound.close();
  };
  return { client, kill: () => server.stop('SIGKILL'), close };
}

describeChatClient('a remote', open, { claims: { tools: true, images: true } });

/** An answer that cannot be short. */
const long: Partial<ChatRequest> = {
  output: { type: 'json_schema', name: 'o', schema: { type: 'string', minLength: 900 }, path: '' },
  sampling: { maxTokens: 2_000 },
};
const weather: Tool = {
  name: 'get_weather',
  description: 'Tells the weather of a city.',
  parameters: { type: 'object', properties: { city: { type: 'string', maxLength: 20 } }, required: ['city'] },
  path: 'tools[0]',
};
const tools = [weather, { ...weather, name: 'get_time' }];

async function drain(events: AsyncIterable<ChatEvent>): Promise<void> {
  for await (const _ of events);
}

describe('a remote', () => {
  let opened: Awaited<ReturnType<typeof open>>;
  let client: ChatClient;
  beforeAll(async () => {
    opened = await open();
    client = opened.client;
  });
  afterAll(() => opened?.close());

  const ask = (changes: Partial<ChatRequest> = {}): AsyncIterable<ChatEvent> => {
    const base = { messages: [user('Hello!')], tools: [], sampling: { maxTokens: 24 } };
    return client.converse(question({ ...base, ...changes }), new AbortController().signal);
  };
  const answer = (changes: Partial<ChatRequest> = {}): Promise<FoldedAnswer> => foldEvents(ask(changes));

  it('is given what decides how tokens are drawn', async () => {
    const hot: Sampling = { temperature: 2, topP: 1, maxTokens: 24 };
    const say = async (seed: number) => (await answer({ ...long, sampling: { ...hot, seed } })).choices[0]?.text;
    const first = await say(7);
    expect(await say(7)).toBe(first);
    expect(await say(8)).not.toBe(first);
    const { choices } = await answer({ sampling: { maxTokens: 4, temperature: 0, topLogprobs: 2 } });
    expect(choices[0]?.logprobs?.map(({ top }) => top.length)).toContain(2);
  });

  it.each([
    ['required', { type: 'required' }, ['get_weather', 'get_time']],
    ['named', { type: 'tool', name: 'get_time' }, ['get_time']],
  ] as const)('makes a %s call that is valid', async (_, toolChoice, names) => {
    const { choices } = await answer({ tools, toolChoice, sampling: { maxTokens: 200 } });
    const [call] = choices[0]?.calls ?? [];
    expect(choices[0]?.finish).toBe('tool_calls');
    expect(names).toContain(call?.name);
    expect(JSON.parse(call?.arguments ?? '')).toEqual({ city: expect.any(String) });
  });

  it('goes on from a result, pictures in it too', async () => {
    const image = { url: `data:image/png;base64,${'A'.repeat(400)}`, path: 'messages[2].content[0].image_url' };
    const calls = [{ id: 'a', name: 'get_weather', arguments: '{"city": "Oslo"}' }];
    const messages: Message[] = [
      user('The weather in Oslo?'),
      { role: 'assistant', content: '', calls, path: 'messages[1]' },
      { role: 'tool', callId: 'a', content: '[image 1]', parts: [{ type: 'image', image }], path: 'messages[2]' },
    ];
    expect((await answer({ tools, messages })).choices).toHaveLength(1);
  });

  it('says what does not fit, and lives on', async () => {
    const messages = [user('word '.repeat(60_000))];
    await expect(answer({ messages })).rejects.toMatchObject({ kind: 'request', code: 'context_length_exceeded' });
    expect((await answer()).choices).toHaveLength(1);
  });

  it('fails what runs when its server is killed, and what is asked of it then', async () => {
    const running = ask(long)[Symbol.asyncIterator]();
    await running.next();
    await opened.kill();
    await expect(drain({ [Symbol.asyncIterator]: () => running })).rejects.toMatchObject({ kind: 'engine' });
    await expect(answer()).rejects.toMatchObject({ kind: 'engine' });
    await expect(client.stats()).rejects.toMatchObject({ kind: 'engine' });
  });

  it('whose connection is closed says so', async () => {
    client.close();
    await expect(answer()).rejects.toMatchObject({ kind: 'engine' });
    expect(await client.closed).toContain('closed');
  });
});
