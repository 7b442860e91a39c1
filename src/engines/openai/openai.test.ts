import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { aDeployment } from '../../../test/fixtures/deployment.ts';
import type { ChatEvent } from '../../chat/event.ts';
import { foldEvents } from '../../chat/fold.ts';
import type { ChatRequest } from '../../chat/request.ts';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import { startLoopback } from '../../outbound/fixtures/loopback-server.ts';
import { openOutbound } from '../../outbound/fixtures/open-outbound.ts';
import { isChatClient } from '../engine.ts';
import { createOpenaiEngine } from './openai.ts';

type Reply = { readonly status: number; readonly body: string; readonly headers?: Record<string, string> };
type Ask = Record<string, unknown>;

const spec: ModelSpec = {
  name: 'theirs',
  architecture: 'remote',
  files: [],
  trainedContext: 0,
  vocabularySize: 0,
  bosToken: '',
  eosToken: '',
  specialTokens: [],
  sampling: {},
  sizeBytes: 0,
  kvBytesPerToken: 0,
};

const frames = (...chunks: readonly unknown[]): Reply => ({
  status: 200,
  headers: { 'content-type': 'text/event-stream' },
  body: `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`,
});
const says = (delta: unknown, finish = 'stop'): Reply => frames({ choices: [{ delta, finish_reason: finish }] });
const ping = says({ tool_calls: [{ index: 0, id: 'p', function: { name: 'ping', arguments: '{}' } }] }, 'tool_calls');
const refuses = (status: number, message: string, headers = {}): Reply => ({
  status,
  body: JSON.stringify({ error: { message } }),
  headers,
});

/** A server with these models that answers each question by `chat`, and what it was asked. */
async function startRemote(chat: (ask: Ask, count: number) => Reply, models: Reply = refuses(404, 'nothing here')) {
  const asks: Ask[] = [];
  const keys: (string | undefined)[] = [];
  const remote = { models, asks, keys, lists: 0, origin: '' };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const piece of request) text += String(piece);
    keys.push(request.headers.authorization);
    if (request.method === 'GET') remote.lists++;
    else asks.push(JSON.parse(text));
    const reply = request.method === 'GET' ? remote.models : chat(asks.at(-1) ?? {}, asks.length);
    response.writeHead(reply.status, reply.headers ?? { 'content-type': 'application/json' }).end(reply.body);
  };
  remote.origin = (await startLoopback((request, response) => void answer(request, response))).origin;
  return remote;
}

let nowMs = 0;

async function connect(
  origin: string,
  { contextSize, isListed = true }: { contextSize?: number; isListed?: boolean } = {},
) {
  const outbound = openOutbound(isListed ? {} : { allowedHosts: () => [] });
  const clock = { nowMs: () => nowMs, unixMs: () => nowMs, unixSeconds: () => 0 };
  const engine = createOpenaiEngine({ outbound, clock, randomHex: () => 'aa' });
  const wishes = engine.readWishes(aDeployment({ ...(contextSize !== undefined && { contextSize }) }));
  const address = { url: `${origin}/v1`, token: 'sk-secret' };
  const client = await engine.connect(address, new AbortController().signal, { spec, wishes });
  if (!isChatClient(client)) throw new TypeError('a remote speaks chat');
  return client;
}

const question: ChatRequest = {
  model: 'ours',
  messages: [{ role: 'user', content: 'Hi', path: 'messages[0]' }],
  tools: [],
  toolChoice: { type: 'auto' },
  parallelCalls: true,
  sampling: {},
  stop: [],
  templateVariables: {},
  warnings: [],
};
const ask = (client: { converse(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatEvent> }, changes = {}) =>
  foldEvents(client.converse({ ...question, ...changes }, new AbortController().signal));

describe('a remote', () => {
  it('is asked once whether it calls tools, with its key and its own name for the model', async () => {
    const remote = await startRemote(() => ping, {
      status: 200,
      body: '{"data":[{"id":"theirs","max_model_len":512}]}',
    });
    const client = await connect(remote.origin);
    expect(client.abilities).toEqual({ tools: true, images: true });
    expect(client.contextPerSlot).toBe(512);
    expect(remote.asks).toHaveLength(1);
    expect(remote.asks[0]).toMatchObject({ model: 'theirs', max_tokens: 64, tool_choice: 'required' });
    expect(new Set(remote.keys)).toEqual(new Set(['Bearer sk-secret']));
    expect(JSON.stringify(client)).not.toContain('sk-secret');
  });

  it.each([
    ['refuses tools', refuses(400, 'theirs does not support tools'), false],
    ['passes them over', says({ content: 'Pong!' }), false],
    ['reasons until the limit', says({ reasoning_content: 'hm' }, 'length'), true],
  ])('that %s', async (_, reply, tools) => {
    const remote = await startRemote(() => reply);
    expect((await connect(remote.origin)).abilities.tools).toBe(tools);
  });

  it('without a list of models is taken at its word, and its context is unknown unless the deployment says it', async () => {
    const remote = await startRemote(() => ping);
    expect((await connect(remote.origin)).contextPerSlot).toBe(0);
    expect((await connect(remote.origin, { contextSize: 2_048 })).contextPerSlot).toBe(2_048);
    remote.models = { status: 200, body: '<html>' };
    expect((await connect(remote.origin)).contextPerSlot).toBe(0);
  });

  it.each([
    ['a wrong key', refuses(401, 'Incorrect key sk-secret'), /refused the key.*remoteKey/],
    ['a model that it has not', refuses(404, 'no such model'), /has no model 'theirs'. It has 'a', 'b'/],
    ['too many questions', refuses(429, 'slow down'), /asked too much: slow down/],
    ['a fault of its own', refuses(500, 'boom'), /could not answer: boom/],
  ])('does not connect with %s', async (_, reply, message) => {
    const remote = await startRemote(() => reply, { status: 200, body: '{"data":[{"id":"a"},{"id":"b"}]}' });
    const failure = await connect(remote.origin).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ message: expect.stringMatching(message) });
    expect(String(failure)).not.toContain('sk-secret');
  });

  it('on a private network needs an administrator, and never gets the key by a redirect', async () => {
    const remote = await startRemote(() => ping);
    await expect(connect(remote.origin, { isListed: false })).rejects.toMatchObject({
      code: 'address_refused',
      message: expect.stringMatching(/administrator.*allowedHosts/),
    });
    expect(remote.keys).toEqual([]);
    const other = await startRemote(() => ping);
    remote.models = { status: 307, body: '', headers: { location: `${other.origin}/v1/models` } };
    await expect(connect(remote.origin)).rejects.toMatchObject({ kind: 'engine' });
    expect(other.keys).toEqual([]);
  });

  it('tells of a refused request what its server says', async () => {
    const remote = await startRemote((_, count) =>
      count === 1 ? ping : refuses(400, 'temperature must be at most 1'),
    );
    await expect(ask(await connect(remote.origin))).rejects.toMatchObject({
      code: 'invalid_value',
      message: expect.stringContaining('temperature must be at most 1'),
    });
  });

  it('is not sent again what it refused once, and the answer says so', async () => {
    const remote = await startRemote(({ top_k, max_tokens }, count) => {
      if (count === 1) return ping;
      if (top_k !== undefined) return refuses(400, 'Unrecognized request argument supplied: top_k');
      if (max_tokens !== undefined)
        return refuses(
          400,
          "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        );
      return says({ content: 'Hi' });
    });
    const client = await connect(remote.origin);
    const { choices, warnings } = await ask(client, { sampling: { topK: 4, maxTokens: 9 } });
    expect(choices[0]?.text).toBe('Hi');
    expect(warnings).toMatchObject([{ code: 'ignored_field', param: 'top_k' }]);
    expect(remote.asks.at(-1)).toMatchObject({ max_completion_tokens: 9 });
    await ask(client, { sampling: { topK: 4 } });
    expect(remote.asks).toHaveLength(5);
  });

  it('that refuses pictures is shown text from then on', async () => {
    const image = { url: 'data:image/png;base64,AAAA', path: 'messages[0].content[0].image_url' };
    const messages = [{ role: 'user', content: '[image 1]', parts: [{ type: 'image', image }], path: 'messages[0]' }];
    const remote = await startRemote(({ messages: sent }, count) => {
      if (count === 1) return ping;
      return JSON.stringify(sent).includes('image_url')
        ? refuses(400, 'This model takes no image input')
        : says({ content: 'Hi' });
    });
    const client = await connect(remote.origin);
    const { warnings, choices } = await ask(client, { messages });
    expect(warnings).toMatchObject([{ code: 'image_not_shown', param: image.path }]);
    expect(choices[0]?.text).toBe('Hi');
    expect(client.abilities.images).toBe(false);
  });

  it('that calls tools only when it must is taught them in the prompt from then on', async () => {
    const refusal = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set';
    const remote = await startRemote((_, count) => (count === 1 ? ping : refuses(400, refusal)));
    const client = await connect(remote.origin);
    const tools = [{ name: 'f', description: '', parameters: { type: 'object' }, path: 'tools[0]' }];
    await expect(ask(client, { tools })).rejects.toMatchObject({
      kind: 'engine',
      message: expect.stringMatching(/taught.*ask again/),
    });
    expect(client.abilities.tools).toBe(false);
  });

  it('that complains of one tool goes on being asked with tools', async () => {
    const refusal = "Invalid 'tools[0].function.name': string does not match pattern";
    const remote = await startRemote((_, count) => (count === 1 ? ping : refuses(400, refusal)));
    const client = await connect(remote.origin);
    const tools = [{ name: 'a b', description: '', parameters: { type: 'object' }, path: 'tools[0]' }];
    await expect(ask(client, { tools })).rejects.toMatchObject({ kind: 'request' });
    expect(client.abilities.tools).toBe(true);
  });

  describe('that refuses what one client sent', () => {
    const isBad = (body: Ask): boolean => JSON.stringify(body).includes('bad');
    const connected = async (refusal: Reply) => {
      const remote = await startRemote((body, count) =>
        count === 1 ? ping : isBad(body) ? refusal : says({ content: 'Hi' }),
      );
      return { remote, client: await connect(remote.origin) };
    };

    it('goes on being shown the pictures of others', async () => {
      const { client } = await connected(refuses(400, 'You uploaded an unsupported image.'));
      const image = { url: 'data:image/png;base64,bad=', path: 'messages[0].content[0]' };
      const messages = [{ role: 'user', content: '', parts: [{ type: 'image', image }], path: 'messages[0]' }];
      await expect(ask(client, { messages })).rejects.toMatchObject({ kind: 'request' });
      expect(client.abilities.images).toBe(true);
    });

    it('goes on being asked with the tools of others', async () => {
      const { client } = await connected(refuses(400, "Invalid tools[0].function.parameters: 'not' is not supported."));
      const tools = [{ name: 'bad', description: '', parameters: { type: 'object' }, path: 'tools[0]' }];
      await expect(ask(client, { tools })).rejects.toMatchObject({ kind: 'request' });
      expect(client.abilities.tools).toBe(true);
    });

    it('is told the output schemas of others', async () => {
      const { remote, client } = await connected(
        refuses(400, "Invalid schema for response_format 'bad': not permitted."),
      );
      const outputOf = (name: string) => ({ output: { type: 'json_schema', name, schema: { type: 'object' } } });
      await expect(ask(client, outputOf('bad'))).resolves.toMatchObject({ warnings: [{ param: 'response_format' }] });
      await ask(client, outputOf('good'));
      expect(remote.asks.at(-1)).toHaveProperty('response_format');
    });

    it('is not lost by it, nor to blame', async () => {
      const { client } = await connected(refuses(403, 'Your input was flagged.'));
      let end = '';
      void client.closed.then((reason) => {
        end = reason;
      });
      const messages = [{ role: 'user', content: 'bad', path: 'messages[0]' }];
      await expect(ask(client, { messages })).rejects.toMatchObject({ kind: 'request' });
      expect((await ask(client)).choices[0]?.text).toBe('Hi');
      expect(end).toBe('');
    });
  });

  it.each([
    ['closes early', 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n', 'engine_crashed'],
    ['sends garbage', 'data: {"choices\n\n', 'engine_protocol'],
    ['sends nothing', '', 'engine_crashed'],
    ['sends a page', '<html>hello</html>', 'engine_crashed'],
    ['reports a failure', 'data: {"error":{"message":"boom"}}\n\n', 'engine_protocol'],
  ])('that %s in mid-answer is a clear error', async (_, body, code) => {
    const broken: Reply = { status: 200, headers: { 'content-type': 'text/event-stream' }, body };
    const remote = await startRemote((_ask, count) => (count === 1 ? ping : broken));
    await expect(ask(await connect(remote.origin))).rejects.toMatchObject({ code });
  });

  it('is asked over one connection, and one that never ends its answers is let go', async () => {
    let [isEnding, open] = [true, 0];
    const server = await startLoopback((request, response) => {
      open++;
      response.on('close', () => open--);
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(request.method === 'GET' ? '' : ping.body);
      if (isEnding || request.method === 'GET') response.end();
    });
    const client = await connect(server.origin);
    let connections = 0;
    server.server.on('connection', () => connections++);
    for (let count = 0; count < 4; count++) await ask(client);
    expect(connections).toBeLessThanOrEqual(1);
    isEnding = false;
    expect((await ask(client)).choices[0]?.calls).toHaveLength(1);
    await vi.waitFor(() => expect(open).toBe(0));
  });

  it('that does not stream is read all the same', async () => {
    const message = { role: 'assistant', content: 'Hi' };
    const whole: Reply = { status: 200, body: JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] }) };
    const remote = await startRemote((_, count) => (count === 1 ? ping : whole));
    expect((await ask(await connect(remote.origin))).choices[0]).toMatchObject({ text: 'Hi', finish: 'stop' });
  });

  it('is believed to be well for a while, then asked for its models', async () => {
    const remote = await startRemote(() => ping);
    const client = await connect(remote.origin);
    const asked = remote.lists;
    await client.stats();
    expect(remote.lists).toBe(asked);
    nowMs += 60_000;
    await client.stats();
    expect(remote.lists).toBe(asked + 1);
    nowMs += 60_000;
    remote.models = refuses(429, 'slow down');
    await expect(client.stats()).resolves.toMatchObject({ slots: 8, busySlots: 0 });
    nowMs += 60_000;
    remote.models = refuses(500, 'boom');
    await expect(client.stats()).rejects.toMatchObject({ kind: 'engine' });
  });

  it.each([
    ['refuses', refuses(400, 'API key sk-secret is not valid')],
    ['answers too much', refuses(429, 'too many requests by sk-secret')],
    ['fails', refuses(500, 'upstream wants Bearer sk-secret')],
    [
      'breaks off',
      frames({ choices: [{ delta: { content: 'a' } }] }, { error: { message: 'no quota for sk-secret' } }),
    ],
  ])('that %s quotes the key in vain', async (_, reply) => {
    const remote = await startRemote((_ask, count) => (count === 1 ? ping : reply));
    const failure = await ask(await connect(remote.origin)).then(
      ({ error }) => error,
      (thrown: unknown) => thrown,
    );
    expect(failure).toMatchObject({ message: expect.stringContaining('[key]') });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('sk-secret');
  });

  it('that refuses the key later is lost', async () => {
    const remote = await startRemote((_, count) => (count === 1 ? ping : refuses(401, 'expired')));
    const client = await connect(remote.origin);
    await expect(ask(client)).rejects.toMatchObject({ message: expect.stringMatching(/remoteKey/) });
    await expect(client.closed).resolves.toMatch(/remoteKey/);
  });
});

describe('wishes', () => {
  const { readWishes } = createOpenaiEngine({
    outbound: { request: () => Promise.reject(new RangeError('nothing is asked')) },
    clock: { nowMs: () => 0, unixMs: () => 0, unixSeconds: () => 0 },
    randomHex: () => '',
  });

  it('hold no backend parameters, and name what has no effect', () => {
    expect(() => readWishes(aDeployment({ backendParameters: ['--ctx-size 8'] }))).toThrow(
      /takes no backend parameters/,
    );
    expect(readWishes(aDeployment({ threads: 2, environment: { A: 'b' } })).notes).toEqual([
      "'threads' has no effect on a remote server.",
      "'environment' has no effect on a remote server.",
    ]);
  });
});
