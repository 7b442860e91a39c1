/** The server over real sockets: answers whole and streamed, through the official SDK too. */

import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { LimitError, RequestError } from '../base/errors.ts';
import type { ChatEvent } from '../chat/event.ts';
import {
  aborted,
  answer,
  callAnswer,
  eventsOf,
  readyModel,
  type Script,
  type ScriptedServer,
  startScripted,
  textAnswer,
} from './fixtures/scripted-server.ts';

const servers: ScriptedServer[] = [];
async function start(script: Script = {}): Promise<ScriptedServer> {
  const server = await startScripted(script);
  servers.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.app.close(0)));
});

const question = { model: 'org/nano', messages: [{ role: 'user', content: 'hi' }] };
function ask(server: ScriptedServer, body: object = question, headers: Record<string, string> = {}): Promise<Response> {
  const url = `${server.url}/v1/chat/completions`;
  return fetch(url, { method: 'POST', body: JSON.stringify(body), headers });
}

describe('an answer that is not streamed', () => {
  it('is one body with every field that readers need', async () => {
    const server = await start({ complete: () => eventsOf(callAnswer()) });
    const response = await ask(server);
    expect(response.status).toBe(200);
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    expect(await response.json()).toMatchObject({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      model: 'org/nano',
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          message: {
            role: 'assistant',
            content: null,
            tool_calls: [
              {
                id: 'chatcmpl-tool-1',
                type: 'function',
                function: { name: 'get_weather', arguments: '{"city":"海淀区"}' },
              },
            ],
          },
        },
      ],
      usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10, prompt_tokens_details: { cached_tokens: 2 } },
    });
  });

  it('carries the report only for those who ask', async () => {
    const server = await start({ complete: () => eventsOf(callAnswer()) });
    const plain: unknown = await (await ask(server)).json();
    expect(plain).not.toHaveProperty('aimindserve');
    const told: unknown = await (await ask(server, question, { 'x-aimindserve-report': '1' })).json();
    expect(told).toHaveProperty('aimindserve.calls', [
      { id: 'chatcmpl-tool-1', outcome: 'ok', enforced: true, relaxed: [], mended: [] },
    ]);
    expect(told).toHaveProperty('aimindserve.queue_ms', 4);
  });

  it('passes on what headers ask', async () => {
    const server = await start();
    await ask(server, question, { 'x-aimindserve-report': 'raw', 'x-aimindserve-guarantee': 'report' });
    expect(server.asked[0]).toMatchObject({ reportsRaw: true, guarantee: 'report' });
    const refused = await ask(server, question, { 'x-aimindserve-guarantee': 'maybe' });
    expect(await refused.json()).toMatchObject({ error: { param: 'X-Aimindserve-Guarantee' } });
  });

  it('names what was ignored in a header', async () => {
    const server = await start();
    const response = await ask(server, { ...question, store: true, metadata: {} });
    expect(response.headers.get('x-aimindserve-warnings')).toBe('ignored_field');
  });

  it('fails with the status and the shape of the error', async () => {
    const busy: ChatEvent = { type: 'error', error: new LimitError('rate_limited', 'Too many.', { retryAfter: 2.5 }) };
    const response = await ask(await start({ complete: () => eventsOf([busy]) }));
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('3');
    expect(await response.json()).toEqual({
      error: { message: 'Too many.', type: 'rate_limit_error', param: null, code: 'rate_limited' },
    });
  });

  it('hides what broke inside', async () => {
    const server = await start({
      complete: () => {
        throw new TypeError('secret path /root');
      },
    });
    const response = await ask(server);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
  });
});

describe('a stream', () => {
  it('has its headers, its frames and its end', async () => {
    const server = await start({ complete: () => eventsOf(textAnswer('a b')) });
    const response = await ask(server, { ...question, stream: true });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
    const text = await response.text();
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('names in a header what is known before the first byte', async () => {
    const warned: ChatEvent = { type: 'warning', warning: { code: 'tools_hidden', message: 'x' } };
    const server = await start({ complete: () => eventsOf([warned, ...textAnswer('a')]) });
    const response = await ask(server, { ...question, stream: true, store: true, user: 'u' });
    expect(response.headers.get('x-aimindserve-warnings')).toBe('ignored_field,tools_hidden');
    expect(await response.text()).not.toContain('tools_hidden');
  });

  it('answers an early error with a status', async () => {
    const error = new RequestError('context_length_exceeded', '10 > 5', { param: 'messages' });
    const server = await start({ complete: () => eventsOf([{ type: 'error', error }]) });
    const response = await ask(server, { ...question, stream: true });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'context_length_exceeded', param: 'messages' } });
  });

  it('answers a late error with a frame and no end mark', async () => {
    const events: ChatEvent[] = [
      { type: 'start', choice: 0, id: 'chatcmpl-1' },
      { type: 'text-delta', choice: 0, text: 'a' },
      { type: 'error', error: new RequestError('invalid_value', 'late') },
    ];
    const server = await start({ complete: () => eventsOf(events) });
    const text = await (await ask(server, { ...question, stream: true })).text();
    expect(text).toContain('data: {"error":{"message":"late"');
    expect(text).not.toContain('[DONE]');
  });

  it('says so when an answer breaks off', async () => {
    const events = textAnswer('a').slice(0, 2);
    const server = await start({ complete: () => eventsOf(events) });
    const text = await (await ask(server, { ...question, stream: true })).text();
    expect(text).toContain('"code":"internal_error"');
    expect(text).not.toContain('[DONE]');
  });

  it('sends headers and signs of life while the model is silent', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* late(): AsyncGenerator<ChatEvent> {
      await gate;
      yield* textAnswer('late');
    }
    const server = await start({ complete: late, limits: { headersAfterMs: 20, keepAliveMs: 20 } });
    const response = await ask(server, { ...question, stream: true });
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(new TextDecoder().decode(first?.value)).toBe(': keep-alive\n\n');
    release();
    let rest = '';
    for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read())
      rest += new TextDecoder().decode(chunk.value);
    expect(rest).toContain('"content":"late"');
    expect(rest.endsWith('data: [DONE]\n\n')).toBe(true);
  });
});

describe('a client that leaves', () => {
  for (const stream of [true, false])
    it(`aborts the answer (stream: ${stream})`, async () => {
      let wasAborted = (): void => {};
      const seen = new Promise<void>((resolve) => {
        wasAborted = resolve;
      });
      let begun = (): void => {};
      const started = new Promise<void>((resolve) => {
        begun = resolve;
      });
      async function* endless(_request: unknown, signal: AbortSignal): AsyncGenerator<ChatEvent> {
        yield { type: 'start', choice: 0, id: 'chatcmpl-1' };
        yield { type: 'text-delta', choice: 0, text: 'a' };
        begun();
        await aborted(signal);
        wasAborted();
      }
      const server = await start({ complete: endless });
      const leave = new AbortController();
      const url = `${server.url}/v1/chat/completions`;
      const body = JSON.stringify({ ...question, stream });
      const response = fetch(url, { method: 'POST', body, signal: leave.signal }).catch(() => undefined);
      await started;
      if (stream) await response;
      leave.abort();
      await seen;
      await response;
    });
});

describe('the official SDK', () => {
  const tools: OpenAI.Chat.ChatCompletionTool[] = [
    { type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: {} } } },
  ];
  const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [{ role: 'user', content: 'weather?' }];

  async function client(script: Script): Promise<OpenAI> {
    const server = await start(script);
    return new OpenAI({ apiKey: 'empty', baseURL: `${server.url}/v1/`, maxRetries: 0 });
  }

  it('reads a call, streamed and not, the same', async () => {
    const sdk = await client({ complete: () => eventsOf(callAnswer()) });
    const whole = await sdk.chat.completions.create({ model: 'org/nano', messages, tools });
    const streamed = await sdk.chat.completions
      .stream({ model: 'org/nano', messages, tools, stream_options: { include_usage: true } })
      .finalChatCompletion();
    expect(streamed.choices[0]?.message.tool_calls).toMatchObject(whole.choices[0]?.message.tool_calls ?? []);
    expect(streamed.choices[0]?.finish_reason).toBe('tool_calls');
    expect(streamed.usage).toEqual(whole.usage);
  });

  it('reads text and reasoning', async () => {
    const said: ChatEvent[] = [
      { type: 'reasoning-delta', choice: 0, text: 'hm' },
      { type: 'text-delta', choice: 0, text: 'hi' },
    ];
    const sdk = await client({ complete: () => eventsOf(answer(said, 'stop')) });
    const whole = await sdk.chat.completions.create({ model: 'org/nano', messages });
    expect(whole.choices[0]?.message).toMatchObject({ content: 'hi', reasoning_content: 'hm' });
    let text = '';
    for await (const chunk of await sdk.chat.completions.create({ model: 'org/nano', messages, stream: true }))
      text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('hi');
  });

  it('throws for errors before and after the headers', async () => {
    const late: ChatEvent[] = [
      ...textAnswer('a').slice(0, 2),
      { type: 'error', error: new RequestError('invalid_value', 'late') },
    ];
    const sdk = await client({ complete: () => eventsOf(late) });
    const stream = await sdk.chat.completions.create({ model: 'org/nano', messages, stream: true });
    await expect(
      (async () => {
        for await (const _chunk of stream);
      })(),
    ).rejects.toThrow('late');
    await expect(sdk.chat.completions.create({ model: 'org/nano', messages })).rejects.toMatchObject({
      status: 400,
      code: 'invalid_value',
    });
  });

  it('lists and retrieves models', async () => {
    const sdk = await client({});
    expect((await sdk.models.list()).data.map((model) => model.id)).toEqual([readyModel.name]);
    expect(await sdk.models.retrieve(readyModel.name)).toMatchObject({ id: 'org/nano', context_length: 4_096 });
    await expect(sdk.models.retrieve('other')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
  });
});
