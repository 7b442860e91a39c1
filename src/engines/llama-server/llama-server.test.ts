import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../base/log.ts';
import type { Piece } from '../../chat/piece.ts';
import { unconstrained } from '../../grammar/constraint.ts';
import { optional, sequence, special, text } from '../../grammar/grammar.ts';
import { createOutbound } from '../../outbound/http-client.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import type { EngineClient, Served } from '../engine.ts';
import { isChatClient } from '../engine.ts';
import {
  eventText,
  finalEvent,
  type ScriptedServer,
  sendPieces,
  startScriptedServer,
  tokenEvent,
} from './fixtures/scripted-server.ts';
import { createLlamaServerEngine } from './llama-server.ts';

const served: Served = {
  spec: {
    ...{ name: 'm', files: ['/m.gguf'], architecture: 'llama', trainedContext: 64, vocabularySize: 2_000_000 },
    ...{ bosToken: '', eosToken: '<|end|>', specialTokens: ['<|end|>', '<|start|>', '<|call|>', '<|none|>'] },
    ...{ sampling: {}, sizeBytes: 1, kvBytesPerToken: 1 },
  },
  wishes: { parallel: 2, gpu: 'off', environment: {}, passed: [], notes: [] },
};

let outbound: Outbound;
let server: ScriptedServer;
beforeAll(() => {
  outbound = createOutbound({ environment: {}, allowedHosts: () => ['127.0.0.1'], log: silentLog });
});
afterAll(() => outbound.close());
beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

async function connect(token = 'secret', signal = AbortSignal.timeout(5_000)): Promise<EngineClient> {
  const randomHex = (): string => 'ab';
  const engine = createLlamaServerEngine({ outbound, randomHex, command: ['/bin/llama-server'], version: '1' });
  const client = await engine.connect({ url: server.url, token }, signal, served);
  if (isChatClient(client)) throw new TypeError('it takes text');
  return client;
}

async function answer(client: EngineClient, changes: Partial<Parameters<EngineClient['generate']>[0]> = {}) {
  const pieces: Piece[] = [];
  const request = { tokens: Int32Array.of(5, 6, 7), constraint: unconstrained, sampling: {} };
  const { signal } = new AbortController();
  for await (const piece of client.generate({ ...request, signal, ...changes })) pieces.push(piece);
  return pieces;
}

const whole = (pieces: readonly Piece[]): string => pieces.map((piece) => piece.special ?? piece.text).join('');

describe('a llama-server', () => {
  it('proves what it can do, and says what it is', async () => {
    const client = await connect();
    expect(client.abilities).toEqual({ wholeGrammar: true, specialTokens: true, tokenIds: true, logprobs: true });
    expect(client.chat?.abilities).toEqual({ tools: true, images: true });
    expect([client.device, client.contextPerSlot]).toEqual(['llama-server b1-scripted, processor only', 64]);
    const stats = { slots: 2, busySlots: 2, queued: 1, contextPerSlot: 64 };
    expect(await client.stats()).toMatchObject(stats);
    // It ends idle connections after five seconds, in the middle of a request if need be.
    expect(server.asked.every(({ connection }) => connection === 'close')).toBe(true);
    client.close();
    expect(await client.closed).toBe('The connection was closed.');
  });

  it('waits while the model is loaded', async () => {
    let tries = 0;
    server.scripts.set('/health', (response) => {
      response.writeHead(++tries < 4 ? 503 : 200).end('{}');
    });
    (await connect()).close();
    expect(tries).toBeGreaterThanOrEqual(4);
  });

  it('stops waiting when it is told to', async () => {
    server.scripts.set('/health', (response) => void response.writeHead(503).end());
    await expect(connect('secret', AbortSignal.timeout(150))).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it.each(['/props', '/tokenize', '/completion'])(
    'that lacks %s is refused with what to take instead',
    async (path) => {
      server.scripts.set(path, (response) => void response.writeHead(404).end());
      await expect(connect()).rejects.toMatchObject({
        code: 'invalid_config',
        message: expect.stringMatching(/too old, or a llama-box/),
      });
    },
  );

  it('says what it cannot do: grammars that do not bind, log probabilities that it does not tell', async () => {
    server.scripts.set('/completion', async (response, body) => {
      if (body['stream'] !== true) response.end('{"generation_settings/logit_bias":[]}');
      else await sendPieces(response, [tokenEvent(1_120, 'x', 1), finalEvent('limit', 1)]);
      response.end();
    });
    const client = await connect();
    expect(client.abilities).toEqual({ wholeGrammar: false, specialTokens: false, tokenIds: true, logprobs: false });
    await answer(client, { constraint: { ...unconstrained, grammar: { root: text('ok'), rules: {} } } });
    expect(server.asked.at(-1)?.body['grammar']).toBeUndefined();
    client.close();
  });

  it('is asked by token ids, within the grammar and the sampling that were wished', async () => {
    const client = await connect();
    const grammar = { root: special('<|call|>'), rules: {} };
    const sampling = { temperature: 0, seed: 2 ** 32 - 1, maxTokens: 9, logitBias: new Map([[7, -3]]), topLogprobs: 0 };
    const pieces = await answer(client, { constraint: { ...unconstrained, grammar }, sampling });
    expect(whole(pieces)).toBe('<|call|>');
    expect(server.asked.at(-1)?.body).toMatchObject({
      ...{ prompt: [5, 6, 7], stream: true, return_tokens: true, cache_prompt: true, n_predict: 9, temperature: 0 },
      // The greatest seed would be a random one; the special token that nobody named is letters to it.
      ...{
        seed: 0,
        n_probs: 1,
        grammar: 'root ::= <[3]>\n',
        logit_bias: [
          [7, -3],
          [2, false],
        ],
      },
    });
    client.close();
  });

  it('gets no half of a code point, which its parser would refuse', async () => {
    const client = await connect();
    expect([...(await client.tokenize([{ text: 'a\ud800<|end|>', trusted: false }]))]).not.toContain(1);
    expect(JSON.stringify(server.asked.at(-1)?.body['content'])).toContain('a\ufffd');
    client.close();
  });

  it('does not enforce what it cannot: its own end tokens inside an answer', async () => {
    const client = await connect();
    const grammar = { root: sequence(text('a'), special('<|end|>'), text('b')), rules: {} };
    expect(client.enforces?.({ ...unconstrained, grammar })).toBe(false);
    await answer(client, { constraint: { ...unconstrained, grammar } });
    expect(server.asked.at(-1)?.body['grammar']).toBeUndefined();
    client.close();
  });

  it('goes on behind its own end tokens where the grammar does', async () => {
    const client = await connect();
    const again = optional(sequence(special('<|end|>'), text('cd')));
    const grammar = { root: sequence(special('<|end|>'), text('ab'), again), rules: {} };
    const constraint = { ...unconstrained, grammar };
    expect(client.enforces?.(constraint)).toBe(true);
    const before = server.asked.length;
    const pieces = await answer(client, { constraint, sampling: { maxTokens: 20 } });
    expect(whole(pieces)).toBe('<|end|>ab<|end|>cd');
    expect(pieces.at(-1)).toMatchObject({
      end: 'stop',
      usage: { promptTokens: 3, completionTokens: 7, cachedTokens: 2 },
    });
    expect(pieces.reduce((sum, piece) => sum + piece.tokens, 0)).toBe(7);
    const bodies = server.asked.slice(before).filter(({ path }) => path === '/completion');
    expect(bodies.map(({ body }) => [body['prompt'], body['n_predict']])).toEqual([
      [[5, 6, 7, 1], 19],
      [[5, 6, 7, 1, 1_097, 1_098, 1], 16],
    ]);
    const cut = await answer(client, { constraint, sampling: { maxTokens: 1 } });
    expect(cut.at(-1)).toMatchObject({ end: 'length', usage: { completionTokens: 1 } });
    client.close();
  });

  it('reads answers in any pieces, a byte at a time too', async () => {
    const client = await connect();
    const events = [tokenEvent(1_001, '海', 2), ': ping\n\n', tokenEvent(2, '<|start|>', 3), finalEvent('limit', 3)];
    const bytes = [...Buffer.from(events.join(''))].map((byte) => Uint8Array.of(byte));
    server.scripts.set('/completion', async (response) => {
      await sendPieces(response, bytes);
      response.end();
    });
    const pieces = await answer(client);
    expect(whole(pieces)).toBe('海<|start|>');
    expect(pieces.at(-1)).toMatchObject({ end: 'length', usage: { completionTokens: 3, cachedTokens: 2 } });
    client.close();
  });

  it.each<readonly [string, readonly string[], string]>([
    ['garbage', ['data: {"content"\n\n'], 'engine_protocol'],
    ['an end without a reason', [tokenEvent(1_100, 'd', 1)], 'engine_protocol'],
    ['an end in the middle of an event', [tokenEvent(1_100, 'd', 1), 'data: {"cont'], 'engine_protocol'],
    ['nothing at all', [], 'engine_protocol'],
    ['an error of its own', [eventText({ error: { code: 500, message: 'boom' } })], 'engine_protocol'],
    ['an event without an end', [`data: ${'x'.repeat(17 << 20)}`], 'engine_protocol'],
  ])('that answers %s is to blame', async (_, pieces, code) => {
    const client = await connect();
    server.scripts.set('/completion', async (response) => {
      await sendPieces(response, pieces);
      response.end();
    });
    await expect(answer(client)).rejects.toMatchObject({ code, kind: 'engine' });
    client.close();
  });

  it('that answers 500, or breaks the connection off, is to blame, and the reason is kept for operators', async () => {
    const client = await connect();
    server.scripts.set('/completion', (response) => void response.writeHead(500).end('{"error":{"message":"boom"}}'));
    await expect(answer(client)).rejects.toMatchObject({
      detail: { internal: expect.stringContaining('boom') },
    });
    server.scripts.set('/completion', async (response) => {
      await sendPieces(response, [tokenEvent(1_100, 'd', 1)]);
      response.destroy();
    });
    await expect(answer(client)).rejects.toMatchObject({ code: 'engine_crashed' });
    server.scripts.set('/tokenize', (response) => void response.end('{"tokens":[1,2]}'));
    await expect(client.tokenize([{ text: 'a', trusted: true }])).rejects.toMatchObject({ code: 'engine_protocol' });
    client.close();
  });

  it('loses its client when that leaves, whether it has said something or not', async () => {
    const client = await connect();
    for (const pieces of [[], [tokenEvent(1_100, 'd', 1)]]) {
      server.scripts.set('/completion', (response) => sendPieces(response, pieces));
      const leaving = new AbortController();
      const answered = answer(client, { signal: leaving.signal });
      while (server.open() === 0) await sleep(5);
      await sleep(20);
      leaving.abort();
      expect(await answered).toHaveLength(pieces.length);
      while (server.open() > 0) await sleep(5);
    }
    client.close();
  });

  it('is gone when it does not answer any more, and then nothing hangs', async () => {
    const client = await connect();
    server.scripts.set('/completion', (response) => sendPieces(response, [tokenEvent(1_100, 'd', 1)]));
    const answered = answer(client);
    const failed = expect(answered).rejects.toMatchObject({ code: 'engine_crashed', message: /does not answer/ });
    server.scripts.set('/health', (response) => void response.writeHead(500).end());
    expect(await client.closed).toMatch(/does not answer/);
    await failed;
    await expect(client.stats()).rejects.toMatchObject({ code: 'engine_crashed' });
  });
});
