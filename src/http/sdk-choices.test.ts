/** Several choices, log probabilities, functions and completions over real sockets, read by the official SDK. */

import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatEvent } from '../chat/event.ts';
import { callAnswer, eventsOf, type ScriptedServer, startScripted } from './fixtures/scripted-server.ts';

const servers: ScriptedServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.app.close(0)));
});

async function open(events: readonly ChatEvent[], base = '/v1') {
  const server = await startScripted({ complete: () => eventsOf(events) });
  servers.push(server);
  return { sdk: new OpenAI({ apiKey: 'empty', baseURL: server.url + base, maxRetries: 0 }), asked: server.asked };
}

const model = 'org/nano';
const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [{ role: 'user', content: 'hi' }];

const thought = (token: string) => ({
  ...{ token, bytes: [...Buffer.from(token)], logprob: -0.1 },
  top: [{ token: 'z', bytes: [122], logprob: -0.05 }],
});
const say = (choice: number, text: string): ChatEvent => ({
  ...{ type: 'text-delta', choice, text },
  logprobs: [...text].map(thought),
});

/** Two choices that speak in turns; the second begins first. */
const two: readonly ChatEvent[] = [
  { type: 'start', choice: 1, id: 'chatcmpl-1' },
  say(1, 'b'),
  { type: 'start', choice: 0, id: 'chatcmpl-1' },
  say(0, 'aé'),
  say(1, 'c'),
  { type: 'finish', choice: 0, reason: 'stop' },
  { type: 'finish', choice: 1, reason: 'length' },
  { type: 'usage', usage: { promptTokens: 3, completionTokens: 5, cachedTokens: 0 } },
];

describe('several choices', () => {
  it('are the same streamed and not, log probabilities included', async () => {
    const { sdk, asked } = await open(two);
    const wish = { model, messages, n: 2, logprobs: true, top_logprobs: 1 };
    const whole = await sdk.chat.completions.create(wish);
    const streamed = await sdk.chat.completions
      .stream({ ...wish, stream_options: { include_usage: true } })
      .finalChatCompletion();
    expect(asked.map(({ choices, sampling }) => [choices, sampling])).toEqual(Array(2).fill([2, { topLogprobs: 1 }]));
    expect(whole.choices.map(({ message, finish_reason: reason }) => [message.content, reason])).toEqual([
      ['aé', 'stop'],
      ['bc', 'length'],
    ]);
    for (const [index, choice] of whole.choices.entries()) {
      const other = streamed.choices.find((one) => one.index === index);
      expect(other?.message.content).toBe(choice.message.content);
      expect(other?.finish_reason).toBe(choice.finish_reason);
      expect(other?.logprobs).toEqual(choice.logprobs);
    }
    expect(whole.choices[0]?.logprobs?.content?.[1]).toEqual({
      ...{ token: 'é', bytes: [0xc3, 0xa9], logprob: -0.1 },
      top_logprobs: [{ token: 'z', bytes: [122], logprob: -0.05 }],
    });
    expect(streamed.usage).toEqual(whole.usage);
  });
});

describe('functions', () => {
  it('are answered in their own words, streamed and not', async () => {
    const { sdk } = await open(callAnswer());
    const wish = { model, messages, functions: [{ name: 'get_weather', parameters: { type: 'object' } }] };
    const whole = await sdk.chat.completions.create(wish);
    const called = { name: 'get_weather', arguments: '{"city":"海淀区"}' };
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'function_call', message: { function_call: called } });
    expect(whole.choices[0]?.message.tool_calls).toBeUndefined();
    const streamed = await sdk.chat.completions.stream(wish).finalChatCompletion();
    expect(streamed.choices[0]).toMatchObject({ finish_reason: 'function_call', message: { function_call: called } });
  });
});

describe('completions', () => {
  for (const base of ['/v1', '/v1-openai'])
    it(`are the same streamed and not, at ${base}`, async () => {
      const { sdk, asked } = await open(two, base);
      const wish = { model, prompt: ['p', 'q'], echo: true };
      const whole = await sdk.completions.create(wish);
      expect(whole.choices.map(({ text, finish_reason: reason }) => [text, reason])).toEqual([
        ['paé', 'stop'],
        ['qbc', 'length'],
      ]);
      const texts = ['', ''];
      for await (const { choices } of await sdk.completions.create({ ...wish, stream: true }))
        for (const { index, text } of choices) texts[index] += text;
      expect(texts).toEqual(['paé', 'qbc']);
      expect(asked[0]?.raw?.map(({ text }) => text)).toEqual(['p', 'q']);
    });

  it('tell where each token begins', async () => {
    const { sdk } = await open(two);
    const { choices, usage } = await sdk.completions.create({ model, prompt: 'p', n: 2, logprobs: 1 });
    expect(choices[0]?.logprobs).toEqual({
      tokens: ['a', 'é'],
      token_logprobs: [-0.1, -0.1],
      top_logprobs: [
        { z: -0.05, a: -0.1 },
        { z: -0.05, é: -0.1 },
      ],
      text_offset: [0, 1],
    });
    expect(usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 5 });
  });

  it('refuse what they cannot do, in the same shape', async () => {
    const { sdk, asked } = await open(two);
    await expect(sdk.completions.create({ model, prompt: 'p', suffix: 's' })).rejects.toMatchObject({
      ...{ status: 400, code: 'unsupported_field', param: 'suffix' },
    });
    expect(asked).toEqual([]);
  });
});
