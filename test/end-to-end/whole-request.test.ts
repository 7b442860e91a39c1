/** What a request may ask beside the answer itself, through the official SDKs and the bundled model. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonSchemaDialect } from '../fixtures/seed-requests.ts';
import { post } from './ask.ts';
import { repository, type ServeProcess, startServer } from './running-server.ts';

const model = 'nano';
let server: ServeProcess;
let sdk: OpenAI;
beforeAll(async () => {
  server = await startServer(['--served-model-name', model]);
  sdk = new OpenAI({ baseURL: `${server.url}/v1/`, apiKey: 'empty', maxRetries: 0 });
});
afterAll(async () => {
  await server?.stop();
});

const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hello!' }];
const weather: OpenAI.Chat.ChatCompletionMessageParam[] = [
  { role: 'user', content: "What's the weather like in Boston today?" },
];
const definition = (name: string) => ({
  ...{ name, description: `Get the ${name.replaceAll('_', ' ').replace('get ', '')} of a place` },
  parameters: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] },
});
const tool = (name: string) => ({ type: 'function', function: definition(name) }) as const;
const hot = { temperature: 2, top_p: 1, top_k: 0, min_p: 0, seed: 3 };

describe('several choices', () => {
  it('are numbered, differ from each other, and are the same streamed and not', async () => {
    const wish = { model, messages, n: 4, max_tokens: 24, ...hot };
    const whole = await sdk.chat.completions.create(wish);
    expect(whole.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    const texts = whole.choices.map(({ message }) => message.content);
    expect(new Set(texts).size).toBeGreaterThan(1);
    const streamed = await sdk.chat.completions
      .stream({ ...wish, stream_options: { include_usage: true } })
      .finalChatCompletion();
    const sorted = streamed.choices.toSorted((a, b) => a.index - b.index);
    expect(sorted.map(({ message, finish_reason }) => [message.content, finish_reason])).toEqual(
      whole.choices.map(({ message, finish_reason }) => [message.content, finish_reason]),
    );
    expect(streamed.usage?.completion_tokens).toBe(whole.usage?.completion_tokens);
    const one = await sdk.chat.completions.create({ ...wish, n: 1 });
    expect(whole.usage?.prompt_tokens).toBe(one.usage?.prompt_tokens);
    expect(one.choices).toHaveLength(1);
  });

  it('each keep the promise of a call', async () => {
    const wish = { model, messages, n: 3, tools: [tool('get_weather')], tool_choice: 'required' as const };
    const { choices } = await sdk.chat.completions.create(wish);
    expect(choices).toHaveLength(3);
    for (const { message, finish_reason: reason } of choices) {
      expect(reason).toBe('tool_calls');
      for (const call of message.tool_calls ?? [])
        expect(call.type === 'function' && typeof JSON.parse(call.function.arguments).location).toBe('string');
    }
    const ids = choices.flatMap(({ message }) => message.tool_calls ?? []).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('log probabilities', () => {
  it('belong to the text, token for token, streamed and not', async () => {
    const wish = { model, messages, temperature: 0, max_tokens: 20, logprobs: true, top_logprobs: 3 };
    const { choices } = await sdk.chat.completions.create(wish);
    const content = choices[0]?.logprobs?.content ?? [];
    const bytes = content.flatMap((token) => token.bytes ?? []);
    expect(Buffer.from(bytes).toString()).toBe(choices[0]?.message.content);
    for (const { top_logprobs: top, ...drawn } of content) {
      expect(top).toHaveLength(3);
      expect(top[0]).toEqual(drawn);
      expect(top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeLessThanOrEqual(1 + 1e-4);
    }
    const streamed = [];
    for await (const chunk of await sdk.chat.completions.create({ ...wish, stream: true }))
      streamed.push(...(chunk.choices[0]?.logprobs?.content ?? []));
    expect(streamed.map(({ token }) => token)).toEqual(content.map(({ token }) => token));
  });

  it('show what a bias does not change: the model is asked before it', async () => {
    const wish = { model, messages, temperature: 0, max_tokens: 1, logprobs: true, top_logprobs: 2 };
    const usual = (await sdk.chat.completions.create(wish)).choices[0]?.logprobs?.content?.[0];
    const ids = await Promise.all(Array.from({ length: 8 }, (_, index) => firstWith(`${1000 + index}`)));
    async function firstWith(id: string) {
      const { choices } = await sdk.chat.completions.create({ ...wish, logit_bias: { [id]: 100 } });
      return choices[0]?.logprobs?.content?.[0];
    }
    for (const biased of ids) expect(biased?.top_logprobs ?? usual?.top_logprobs).toEqual(usual?.top_logprobs);
    expect(new Set(ids.map((biased) => biased?.token)).size).toBeGreaterThan(3);
  });

  it('and a bias of a token that the model does not have is refused by name', async () => {
    const { status, body } = await post(server.url, { model, messages, logit_bias: { '9999999': 1 } });
    expect({ status, error: body.error }).toMatchObject({
      status: 400,
      error: { code: 'invalid_value', param: expect.stringContaining('logit_bias') },
    });
  });
});

describe('functions, the older spelling', () => {
  it('are called in their own words and their results understood', async () => {
    const functions = [definition('get_weather')];
    const wish = { model, messages: weather, functions, function_call: { name: 'get_weather' }, temperature: 0 };
    const whole = await sdk.chat.completions.create(wish);
    const [choice] = whole.choices;
    expect(choice?.finish_reason).toBe('function_call');
    expect(choice?.message.function_call?.name).toBe('get_weather');
    expect(JSON.parse(choice?.message.function_call?.arguments ?? '')).toHaveProperty('location');
    const streamed = await sdk.chat.completions.stream(wish).finalChatCompletion();
    expect(streamed.choices[0]?.message.function_call).toMatchObject(choice?.message.function_call ?? {});
    const result = { role: 'function', name: 'get_weather', content: '{"temperature": 21}' } as const;
    const history = [...weather, ...(choice ? [choice.message] : []), result];
    const second = await sdk.chat.completions.create({ ...wish, messages: history, function_call: 'none' });
    expect(second.choices[0]?.message.content).toMatch(/\S/);
    expect(second.choices[0]?.message.function_call).toBeUndefined();
  });
});

describe('allowed tools', () => {
  it('are the only ones that are called, whichever the question asks for', async () => {
    const tools = [tool('get_weather'), tool('get_population'), tool('get_local_time')];
    for (const name of ['get_population', 'get_local_time']) {
      const allowed = { mode: 'required' as const, tools: [{ type: 'function', function: { name } }] };
      const choice = { type: 'allowed_tools' as const, allowed_tools: allowed };
      const { choices } = await sdk.chat.completions.create({ model, messages: weather, tools, tool_choice: choice });
      const called = (choices[0]?.message.tool_calls ?? []).map(
        (call) => call.type === 'function' && call.function.name,
      );
      expect(new Set(called)).toEqual(new Set([name]));
    }
  });
});

describe('completions', () => {
  const prompt = '<|user|>Hello!<|end|><|assistant|>';

  it('go on with a text whose special tokens count', async () => {
    const { choices, usage, object } = await sdk.completions.create({ model, prompt, temperature: 0, max_tokens: 24 });
    expect(object).toBe('text_completion');
    expect(choices[0]?.text).toMatch(/\w/);
    expect(usage?.completion_tokens).toBeGreaterThan(0);
    expect(usage?.prompt_tokens).toBeLessThan(20);
  });

  it('number the answers of several prompts, the same streamed and not', async () => {
    const wish = { model, prompt: [prompt, 'Once upon'], n: 2, max_tokens: 8, echo: true, ...hot };
    const whole = await sdk.completions.create(wish);
    expect(whole.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(whole.choices.map(({ text }) => text.slice(0, 4))).toEqual(['<|us', '<|us', 'Once', 'Once']);
    const texts = ['', '', '', ''];
    for await (const { choices } of await sdk.completions.create({ ...wish, stream: true }))
      for (const { index, text } of choices) texts[index] += text;
    expect(texts).toEqual(whole.choices.map(({ text }) => text));
  });

  it('take token ids, tell each token where it begins, and stop where told', async () => {
    const wish = { model, prompt, temperature: 0, max_tokens: 12, logprobs: 2 };
    const { choices } = await sdk.completions.create(wish);
    const { text = '', logprobs } = choices[0] ?? {};
    const { tokens = [], text_offset: offsets = [], top_logprobs: tops = [] } = logprobs ?? {};
    expect(tokens.length).toBeGreaterThan(2);
    for (const [index, token] of tokens.entries()) {
      if (!token.startsWith('bytes:')) expect([...text].slice(offsets[index]).join('').startsWith(token)).toBe(true);
      expect(tops[index]).toHaveProperty([token]);
    }
    const stop = text.slice(3, 5);
    const stopped = await sdk.completions.create({ ...wish, stop });
    expect(stopped.choices[0]).toMatchObject({ text: text.slice(0, text.indexOf(stop)), finish_reason: 'stop' });
    const fromIds = await sdk.completions.create({ ...wish, prompt: [[1, 2, 3], [4]] });
    expect(fromIds.choices).toHaveLength(2);
    const strange = sdk.completions.create({ ...wish, prompt: [[1, 9_999_999]] });
    await expect(strange).rejects.toMatchObject({ status: 400, param: expect.stringContaining('prompt') });
  });
});

describe('headers', () => {
  it('ask for the report, and for the unparsed text in it', async () => {
    const ask = async (report: string) => {
      const request = { ...jsonSchemaDialect, model, temperature: 0 };
      return (await post(server.url, request, { 'x-aimindserve-report': report })).body.aimindserve;
    };
    expect(await ask('0')).toBeUndefined();
    expect(await ask('1')).not.toHaveProperty('raw');
    expect((await ask('raw')).raw).toContain('get_current_weather');
  });

  it('say how strictly promises are kept', async () => {
    const request = { ...jsonSchemaDialect, model };
    const { status, body } = await post(server.url, request, { 'x-aimindserve-guarantee': 'maybe' });
    expect({ status, param: body.error.param }).toEqual({ status: 400, param: 'X-Aimindserve-Guarantee' });
    expect((await post(server.url, request, { 'x-aimindserve-guarantee': 'report' })).status).toBe(200);
  });
});

const python = process.env['AIMINDSERVE_TEST_PYTHON'];
it.skipIf(python === undefined)('the Python SDK reads choices, log probabilities and completions', async () => {
  const script = join(repository, 'test', 'end-to-end', 'whole_request.py');
  const { stdout } = await promisify(execFile)(python ?? '', [script, `${server.url}/v1/`, model]);
  expect(JSON.parse(stdout)).toEqual({ indexes: [0, 1], joined: true, completions: [0, 1], offsets: true });
});
