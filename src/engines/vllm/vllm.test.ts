import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../base/log.ts';
import type { Piece } from '../../chat/piece.ts';
import type { Prompt } from '../../chat/prompt.ts';
import { unconstrained } from '../../grammar/constraint.ts';
import { choice, free, notSet, repeat, sequence, set, special, text } from '../../grammar/grammar.ts';
import { createOutbound } from '../../outbound/http-client.ts';
import { type EngineClient, isChatClient, type Served } from '../engine.ts';
import {
  encode,
  event,
  type ScriptedVllm,
  scriptedAdded,
  startScriptedVllm,
  streaming,
  tokensEvent,
} from './fixtures/scripted-vllm.ts';
import { createVllmEngine } from './vllm.ts';

const folder = mkdtempSync(join(tmpdir(), 'aimindserve-vllm-'));
const added = [...scriptedAdded].map(([id, content]) => [id, { content, special: content !== '<call>' }]);
writeFileSync(join(folder, 'config.json'), JSON.stringify({ model_type: 'qwen2_vl', vision_config: {} }));
writeFileSync(
  join(folder, 'tokenizer_config.json'),
  JSON.stringify({ added_tokens_decoder: Object.fromEntries(added) }),
);

const outbound = createOutbound({ environment: {}, allowedHosts: () => ['127.0.0.1'], log: silentLog });
let server: ScriptedVllm;
beforeEach(async () => {
  server = await startScriptedVllm();
});
afterEach(() => server.close());
afterAll(async () => {
  await outbound.close();
  rmSync(folder, { recursive: true, force: true });
});

const served: Served = {
  spec: {
    ...{ name: 'm', files: [folder], architecture: 'qwen2', trainedContext: 64, vocabularySize: 2_000_000 },
    ...{ bosToken: '', eosToken: '<end>', specialTokens: [...scriptedAdded.values()], sampling: {} },
    ...{ sizeBytes: 1, kvBytesPerToken: 1 },
  },
  wishes: {
    ...{ parallel: 2, gpu: 'off', environment: {}, notes: [], toolParser: 'hermes' },
    passed: ['--enable-auto-tool-choice', '--tool-call-parser=hermes'],
  },
};

async function connect(signal = AbortSignal.timeout(30_000), wishes = served.wishes): Promise<EngineClient> {
  const engine = createVllmEngine({ outbound, randomHex: () => 'ab', command: ['/bin/vllm'], version: '1' });
  const client = await engine.connect({ url: server.url, token: 'secret' }, signal, { ...served, wishes });
  if (isChatClient(client)) throw new TypeError('it takes text');
  return client;
}

async function answer(client: EngineClient, changes: Partial<Parameters<EngineClient['generate']>[0]> = {}) {
  const pieces: Piece[] = [];
  const request = { tokens: Int32Array.of(105, 106, 107), constraint: unconstrained, sampling: {} };
  const { signal } = new AbortController();
  for await (const piece of client.generate({ ...request, signal, ...changes })) pieces.push(piece);
  return pieces;
}

const shown = (pieces: readonly Piece[]): string =>
  pieces.map((piece) => piece.text + (piece.special === undefined ? '' : `«${piece.special}»`)).join('');
const answers = (events: readonly string[], isWhole = true) =>
  server.scripts.set('/v1/completions', streaming(events, isWhole));
const last = tokensEvent([1], { text: '', finish_reason: 'stop', stop_reason: null });

describe('a vLLM', () => {
  it('is waited for, and proves what it can do', async () => {
    let looks = 0;
    server.scripts.set('/health', (response) => void response.writeHead(++looks < 2 ? 503 : 200).end());
    const client = await connect();
    expect(client.abilities).toEqual({ wholeGrammar: true, specialTokens: true, tokenIds: true, logprobs: true });
    expect(client).toMatchObject({ contextPerSlot: 64, device: 'vLLM 1' });
    expect(client.chat?.abilities).toEqual({ tools: true, images: true });
    expect(await client.stats()).toEqual({
      ...{ slots: 2, busySlots: 3, queued: 4, contextPerSlot: 64 },
      decodedTokens: 1_200,
    });
    client.close();
    expect(await client.closed).toBe('The connection was closed.');
  });

  it('whose grammars do not bind says so', async () => {
    answers([...[...'garbage'].map((letter) => tokensEvent(encode(letter))), last]);
    const client = await connect();
    expect(client.abilities).toMatchObject({ wholeGrammar: false, specialTokens: false });
    expect(client.device).toContain('grammars do not bind');
    const constraint = { ...unconstrained, grammar: { root: text('a'), rules: {} } };
    expect(client.enforces?.(constraint)).toBe(false);
    await answer(client, { constraint });
    expect(server.asked.at(-1)?.body).not.toHaveProperty('structured_outputs');
  });

  it('that refuses grammars is one without', async () => {
    server.scripts.set('/v1/completions', (response) => void response.writeHead(400).end('{}'));
    expect((await connect()).abilities).toMatchObject({ wholeGrammar: false, tokenIds: false });
  });

  it('has a chat without tools where it was not told how calls look', async () => {
    const client = await connect(AbortSignal.timeout(30_000), { ...served.wishes, passed: [] });
    expect(client.chat?.abilities.tools).toBe(false);
  });

  it('that never gets well is left when told so', async () => {
    server.scripts.set('/health', (response) => void response.writeHead(503).end());
    await expect(connect(AbortSignal.timeout(300))).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it.each([
    ['/v1/models', '{"data": []}'],
    ['/v1/models', 'nonsense'],
    ['/tokenize', '{"tokens": ["a"]}'],
    ['/tokenize', '[]'],
  ])('that answers %s with %s is none', async (path, body) => {
    server.scripts.set(path, (response) => void response.end(body));
    await expect(connect()).rejects.toMatchObject({ code: 'engine_protocol' });
  });
});

describe('a prompt for vLLM', () => {
  const prompt = (...segments: readonly string[]): Prompt =>
    segments.map((segment, index) => ({ text: segment, trusted: index % 2 === 0 }));

  it('begins with one BOS, and is asked for in one question', async () => {
    const client = await connect();
    server.asked.length = 0;
    const tokens = await client.tokenize(prompt('<start>a', '<start><call><end>b<end>', 'c<call>'));
    expect([...tokens]).toEqual([
      2,
      ...encode('a'),
      ...[...'<start><call><end>b<end>'].flatMap(encode),
      ...encode('c<call>'),
    ]);
    expect(server.asked).toHaveLength(1);
    expect([...(await client.tokenize(prompt('a')))]).toEqual([2, ...encode('a')]);
  });
});

describe('an answer of vLLM', () => {
  it('is asked for with everything that matters', async () => {
    const client = await connect();
    const constraint = { ...unconstrained, stops: ['\n', ''], ends: ['<start>', '<nowhere>'] };
    const sampling = { temperature: 3, topP: 0.5, topK: 7, seed: 4, repeatPenalty: 1.1, logitBias: new Map([[5, -1]]) };
    await answer(client, { constraint, sampling });
    expect(server.asked.at(-1)?.body).toEqual({
      ...{ model: 'model', prompt: [105, 106, 107], max_tokens: 61, stream: true },
      ...{ stream_options: { include_usage: true }, return_token_ids: true, skip_special_tokens: false },
      ...{ spaces_between_special_tokens: false, stop: ['\n'], stop_token_ids: [2], temperature: 2, top_p: 0.5 },
      ...{ top_k: 7, repetition_penalty: 1.1, seed: 4, logit_bias: { 5: -1 } },
    });
  });

  it('comes in pieces with usage and end', async () => {
    expect(await answer(await connect())).toEqual([
      ...[...'hello'].map((letter) => ({ text: letter, tokens: 1 })),
      { text: '', tokens: 1, end: 'stop', usage: { promptTokens: 3, completionTokens: 6, cachedTokens: 2 } },
    ]);
  });

  it.each<readonly [string, string[], string]>([
    ['one token an event', [tokensEvent([2]), tokensEvent(encode('a'))], '«<start>»a'],
    ['several', [tokensEvent([...encode('ab'), 2, ...encode('c'), 2, 2])], 'ab«<start>»c«<start>»«<start>»'],
    ['text that spells it', [tokensEvent([...encode('a<'), ...encode('start>'), 2])], 'a<start>«<start>»'],
    ['a spelling behind', [tokensEvent([2, ...encode('<'), ...encode('start>')])], '«<start>»<start>'],
    ['added tokens that are text', [tokensEvent([3]), tokensEvent([...encode('a'), 3])], '<call>a<call>'],
    ['its end alone', [], ''],
  ])('tells control tokens from text: %s', async (_, events, expected) => {
    const client = await connect();
    answers([...events, last]);
    const pieces = await answer(client);
    expect(shown(pieces)).toBe(expected);
    expect(pieces.at(-1)).toMatchObject({ end: 'stop' });
  });

  it('tells log probabilities by token, likeliest first', async () => {
    const client = await connect();
    const [a = 0, b = 0] = encode('ab');
    const top = { [`token_id:${b}`]: -0.1, [`token_id:${a}`]: -2, nonsense: -3 };
    answers([
      tokensEvent([a], { logprobs: { tokens: [`token_id:${a}`], token_logprobs: [-2], top_logprobs: [top] } }),
      last,
    ]);
    const [first] = await answer(client, { sampling: { topLogprobs: 2 } });
    const token = (letter: string, logprob: number) => ({ token: letter, bytes: [...Buffer.from(letter)], logprob });
    expect(first?.logprobs).toEqual([{ ...token('a', -2), top: [token('b', -0.1), token('a', -2)] }]);
  });

  it('shows bytes that never became a character', async () => {
    const client = await connect();
    server.scripts.set('/detokenize', (response) => void response.end('{"prompt": "\ufffd"}'));
    answers([
      tokensEvent(encode('a')),
      tokensEvent([500], { text: '' }),
      tokensEvent([501], { text: '', finish_reason: 'length' }),
    ]);
    const pieces = await answer(client);
    expect(shown(pieces)).toBe('a\ufffd');
    expect(pieces.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(3);
  });

  it.each<readonly [string, readonly string[], boolean, string]>([
    ['breaks off', [tokensEvent(encode('a'))], false, 'engine_crashed'],
    ['ends without saying why', [tokensEvent(encode('a'))], true, 'engine_crashed'],
    ['is aborted by it', [tokensEvent([], { finish_reason: 'abort' })], true, 'engine_crashed'],
    ['holds no JSON', ['data: {\n\n'], true, 'engine_protocol'],
    ['holds no object', ['data: 7\n\n'], true, 'engine_protocol'],
    ['reports a failure', [event({ error: { message: 'boom' } })], true, 'engine_protocol'],
  ])('that %s is an error', async (_, events, isWhole, code) => {
    const client = await connect();
    answers(events, isWhole);
    await expect(answer(client)).rejects.toMatchObject({ code });
  });

  it.each<unknown>([
    { choices: 7 },
    { choices: [null] },
    { choices: [{ text: 5, token_ids: 'x', logprobs: [], finish_reason: {} }] },
    { choices: [{ token_ids: [1.5, -1, 'a'] }], usage: { prompt_tokens: -1 } },
    {},
  ])('survives %j', async (strange) => {
    const client = await connect();
    answers([event(strange), tokensEvent(encode('a')), last]);
    expect(shown(await answer(client, { sampling: { topLogprobs: 1 } }))).toBe('a');
  });

  it('is over for vLLM when its reader leaves', async () => {
    const client = await connect();
    const events = tokensEvent(encode('a')).repeat(50);
    server.scripts.set('/v1/completions', (response) => void response.write(events));
    const leaving = new AbortController();
    let pieces = 0;
    for await (const _ of client.generate({
      ...{ tokens: Int32Array.of(105), constraint: unconstrained, sampling: {} },
      signal: leaving.signal,
    })) {
      pieces++;
      leaving.abort();
    }
    expect(pieces).toBe(1);
    for (let tries = 0; server.open() > 0 && tries < 100; tries++) await sleep(10);
    expect(server.open()).toBe(0);
  });

  it('is not asked for where nothing may be said, or of tokens that are none', async () => {
    const client = await connect();
    server.asked.length = 0;
    expect(await answer(client, { sampling: { maxTokens: 0 } })).toMatchObject([{ text: '', end: 'length' }]);
    const bias = answer(client, { sampling: { logitBias: new Map([[2_000_000, 1]]) } });
    await expect(bias).rejects.toMatchObject({ code: 'invalid_value', detail: { param: 'logit_bias' } });
    expect(server.asked).toEqual([]);
  });
});

describe('a grammar for vLLM', () => {
  const grammar = (root: ReturnType<typeof text>) => ({ ...unconstrained, grammar: { root, rules: {} } });

  it('is kept to unless it is too large, or holds more than can be said', async () => {
    const client = await connect();
    expect(client.enforces?.(unconstrained)).toBe(true);
    expect(client.enforces?.(grammar(text('a')))).toBe(true);
    expect(client.enforces?.(grammar(free({ opening: { special: '<start>' }, then: text('a') })))).toBe(true);
    expect(client.enforces?.(grammar(text('a'.repeat(500_000))))).toBe(false);
    await answer(client, { constraint: grammar(text('a'.repeat(500_000))) });
    expect(server.asked.at(-1)?.body).not.toHaveProperty('structured_outputs');
    expect(client.enforces?.(grammar(choice()))).toBe(false);
    const none = answer(client, { constraint: grammar(choice()) });
    await expect(none).rejects.toMatchObject({ kind: 'request' });
  });

  it('names surrogates where they must not stand, and leaves letters that look like sets alone', async () => {
    const client = await connect();
    const root = sequence(text('[^"]\\'), set([0x22, 0x23], [0x5b, 0x5d]), notSet([0x22, 0x22], [0x5d, 0x5d]));
    await answer(client, { constraint: grammar(root) });
    expect(server.asked.at(-1)?.body['structured_outputs']).toEqual({
      grammar: 'root ::= "[^\\"]\\\\" ["#\\u005B-\\u005D] [^"\\u005D\\uD800-\\uDFFF]\n',
    });
  });

  it('decides what control tokens and their spelling mean', async () => {
    const client = await connect();
    const string = sequence(text('"'), repeat(notSet([0x22, 0x22]), 0), text('"'));
    const constraint = grammar(sequence(string, special('<start>')));
    answers([
      tokensEvent(encode('"')),
      tokensEvent([2]),
      tokensEvent(encode('"<sta')),
      tokensEvent(encode('rt>')),
      last,
    ]);
    expect(shown(await answer(client, { constraint }))).toBe('"<start>"«<start>»');
  });
});
