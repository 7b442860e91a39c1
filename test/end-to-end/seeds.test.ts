/** The requests of both founding documents, by curl's means and by the official SDKs, whole and streamed. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonSchemaDialect, listDialect } from '../fixtures/seed-requests.ts';
import { gather, get, post, type Said, saidIn, stream } from './ask.ts';
import { repository, type ServeProcess, startServer } from './running-server.ts';

const names = ['Qwen2-7B-Instruct', 'qwen2.5-7b-instruct'];
let server: ServeProcess;
beforeAll(async () => {
  server = await startServer(['--served-model-name', ...names]);
});
afterAll(async () => {
  await server?.stop();
});

const expectHaidian = (said: Said): void => {
  expect(said.calls.map((call) => [call.name, JSON.parse(call.arguments)])).toEqual([
    ['amap_weather', { location: '海淀区' }],
  ]);
  expect(said.finish).toBe('tool_calls');
};
const expectBoston = (said: Said): void => {
  expect(said.calls).toHaveLength(1);
  expect(said.calls[0]?.name).toBe('get_current_weather');
  const { location, unit, ...others } = JSON.parse(said.calls[0]?.arguments ?? '');
  expect(location).toContain('Boston');
  expect([undefined, 'celsius', 'fahrenheit']).toContain(unit);
  expect(others).toEqual({});
  expect(said.finish).toBe('tool_calls');
};

describe.each([
  ['the list dialect', listDialect, expectHaidian],
  ['the JSON Schema dialect', jsonSchemaDialect, expectBoston],
] as const)('%s', (_, request, expectRight) => {
  it('is answered right as written', async () => {
    const { status, body } = await post(server.url, request);
    expect(status).toBe(200);
    expectRight(saidIn(body));
    expect(body.choices[0].message.content).toBeNull();
    expect(body.choices[0].message.tool_calls[0].id).toMatch(/^chatcmpl-tool-/);
    expect(body.usage.total_tokens).toBe(body.usage.prompt_tokens + body.usage.completion_tokens);
    expect(body).toMatchObject({ object: 'chat.completion', model: request.model });
  });

  it('is answered right streamed, and under the other base path', async () => {
    expectRight(await gather(stream(server.url, request)));
    const response = await fetch(`${server.url}/v1-openai/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer anything' },
      body: JSON.stringify(request),
    });
    expectRight(saidIn(await response.json()));
  });

  it('says the same whole and streamed', async () => {
    const exact = { ...request, temperature: 0 };
    const { body } = await post(server.url, exact);
    expect(await gather(stream(server.url, exact))).toEqual(saidIn(body));
  });

  it('is answered right to the Node SDK, whole and streamed', async () => {
    const client = new OpenAI({ baseURL: `${server.url}/v1/`, apiKey: 'empty' });
    // The list dialect is not what the SDK's types expect; it sends it all the same.
    const typed = request as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming;
    const whole = await client.chat.completions.create({ ...typed, temperature: 0 });
    expectRight(saidIn(whole));
    const runner = client.chat.completions.stream({ ...typed, temperature: 0, stream: true });
    const final = await runner.finalChatCompletion();
    expect(saidIn(final)).toEqual(saidIn(whole));
  });

  it('streams deltas as every client wants them', async () => {
    const chunks = [];
    for await (const chunk of stream(server.url, { ...request, stream_options: { include_usage: true } }))
      chunks.push(chunk);
    const deltas = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect(deltas[0]).toMatchObject({
      index: 0,
      id: expect.stringMatching(/^chatcmpl-tool-/),
      type: 'function',
      function: { name: request.tools[0]?.function.name, arguments: '' },
    });
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
  });
});

describe('around them', () => {
  it('the list dialect brings its envelope, the other none', async () => {
    expect((await post(server.url, listDialect)).body).toMatchObject({
      request_id: expect.any(String),
      message: '',
      output: null,
    });
    expect((await post(server.url, jsonSchemaDialect)).body).not.toHaveProperty('request_id');
  });

  it('a greeting gets a sentence and no call', async () => {
    for (const content of ['Hello!', '你好']) {
      const { status, body } = await post(server.url, { ...jsonSchemaDialect, messages: [{ role: 'user', content }] });
      expect(status).toBe(200);
      expect(saidIn(body).calls).toEqual([]);
      expect(saidIn(body).content).toMatch(/\S/);
    }
  });

  it('a result is answered in words, and the history may come as the SDK keeps it', async () => {
    const first = (await post(server.url, jsonSchemaDialect)).body.choices[0].message;
    const result = { role: 'tool', tool_call_id: first.tool_calls[0].id, content: '{"temperature": 21}' };
    const messages = [...jsonSchemaDialect.messages, first, result];
    const { status, body } = await post(server.url, { ...jsonSchemaDialect, messages, tool_choice: 'none' });
    expect(status).toBe(200);
    expect(saidIn(body).calls).toEqual([]);
    expect(saidIn(body).content).toMatch(/\S/);
  });

  it('the models list holds both names, each can be asked for, and no engine is needed for it', async () => {
    const { body } = await get(server.url, '/v1/models');
    expect(body.data.map((model: { id: string }) => model.id)).toEqual(names);
    const one = await get(server.url, `/v1-openai/models/${names[0]}`);
    expect(one.body).toMatchObject({
      id: names[0],
      object: 'model',
      context_length: expect.any(Number),
      state: 'ready',
    });
    expect(one.body.max_model_len).toBe(one.body.context_length);
  });

  it('an unknown model is a 404 that lists the names', async () => {
    const { status, body } = await post(server.url, { ...jsonSchemaDialect, model: 'gpt-x' });
    expect(status).toBe(404);
    expect(body.error.code).toBe('model_not_found');
    for (const name of names) expect(body.error.message).toContain(name);
  });

  it.each([
    ['required', 'Hello!', 1],
    [{ type: 'function', function: { name: 'get_current_weather' } }, 'Hello!', 1],
    ['none', "What's the weather like in Boston today?", 0],
  ])('tool_choice %j is kept', async (choice, content, count) => {
    const request = { ...jsonSchemaDialect, tool_choice: choice, messages: [{ role: 'user', content }] };
    expect(saidIn((await post(server.url, request)).body).calls).toHaveLength(count);
    expect((await gather(stream(server.url, request))).calls).toHaveLength(count);
  });

  const python = process.env['AIMINDSERVE_TEST_PYTHON'];
  it.skipIf(python === undefined)('the Python SDK gets the same, and its second turn too', async () => {
    const script = join(repository, 'test', 'end-to-end', 'seed_snippets.py');
    const { stdout } = await promisify(execFile)(python ?? '', [script, `${server.url}/v1/`]);
    const answer = JSON.parse(stdout);
    expectHaidian({ calls: answer.whole, finish: answer.finish, content: null });
    expectHaidian({ calls: answer.streamed, finish: 'tool_calls', content: null });
    expect(answer.models).toEqual(names);
    expect(['stop', 'tool_calls']).toContain(answer.second);
  });
});
