import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Piece } from '../../src/chat/piece.ts';
import type { Prompt } from '../../src/chat/prompt.ts';
import type { Sampling } from '../../src/chat/request.ts';
import { embeddedEngine } from '../../src/engines/embedded/embedded.ts';
import type { EngineClient } from '../../src/engines/engine.ts';
import { compileGrammar } from '../../src/grammar/automaton.ts';
import { unconstrained } from '../../src/grammar/constraint.ts';
import { choice, type GrammarNode, repeat, sequence, set, text, words } from '../../src/grammar/grammar.ts';

const nano = fileURLToPath(new URL('../../models/nano/aimindserve-nano.gguf', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'aimindserve-engine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Started {
  readonly child: ChildProcess;
  readonly address: { readonly socketPath: string; readonly token: string };
}

let count = 0;
const children: ChildProcess[] = [];

function start(modelPath = nano, parallel = 8): Started {
  const address = { socketPath: join(folder, `${++count}.sock`), token: 'secret' };
  const slot = {
    parallel,
    gpu: 'auto',
    contextSize: 1024,
    threads: 1,
    environment: {},
    notes: [],
    passed: [],
    devices: [],
  } as const;
  const spec = { name: 'nano', files: [modelPath], architecture: 'llama', trainedContext: 2048, vocabularySize: 1 };
  const sizes = { bosToken: '', eosToken: '', specialTokens: [], sizeBytes: 1, kvBytesPerToken: 4096, sampling: {} };
  const plan = embeddedEngine.plan({ ...spec, ...sizes }, { ...slot, address });
  const environment = { ...process.env, ...plan.environment };
  const child = spawn(plan.command, [...plan.arguments], { stdio: ['pipe', 'ignore', 'ignore'], env: environment });
  child.stdin?.on('error', () => {});
  child.stdin?.write(plan.input);
  children.push(child);
  return { child, address };
}

async function open(parallel = 8): Promise<Started & { readonly client: EngineClient }> {
  const started = start(nano, parallel);
  return { ...started, client: await embeddedEngine.connect(started.address, AbortSignal.timeout(30_000)) };
}

async function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  child.stdin?.end();
  await once(child, 'exit');
  return child.exitCode;
}

interface Wish {
  readonly prompt?: Prompt;
  readonly root?: GrammarNode;
  readonly sampling?: Sampling;
  readonly signal?: AbortSignal;
}

const letters = (least: number, most: number): GrammarNode => repeat(set([0x61, 0x7a]), least, most);

async function* ask(client: EngineClient, wish: Wish = {}): AsyncGenerator<Piece, void, undefined> {
  const { prompt = [{ text: '<|user|>hello<|end|><|assistant|>', trusted: true }], root, sampling = {} } = wish;
  const constraint = root === undefined ? unconstrained : { ...unconstrained, grammar: { root, rules: {} } };
  const tokens = await client.tokenize(prompt);
  yield* client.generate({ tokens, constraint, sampling, signal: wish.signal ?? new AbortController().signal });
}

async function answer(client: EngineClient, wish: Wish = {}): Promise<{ text: string; last: Piece | undefined }> {
  let whole = '';
  let last: Piece | undefined;
  for await (const piece of ask(client, wish)) {
    whole += piece.special ?? piece.text;
    last = piece;
  }
  return { text: whole, last };
}

describe('the embedded engine', () => {
  let shared: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    shared = await open();
  });
  afterAll(async () => {
    shared.client.close();
    expect(await end(shared.child)).toBe(0);
  });

  it('proves what it can do and says what it runs on', () => {
    expect(shared.client.abilities).toEqual({
      wholeGrammar: true,
      specialTokens: true,
      tokenIds: true,
      logprobs: true,
    });
    expect(shared.client.device).toMatch(/^CPU .+ 1 thread$/);
    expect(shared.client.contextPerSlot).toBe(1024);
  });

  it('streams pieces, the last with its end and usage', async () => {
    const pieces: Piece[] = [];
    for await (const piece of ask(shared.client, { root: letters(40, 60) })) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.slice(0, -1).every((piece) => piece.end === undefined)).toBe(true);
    const usage = pieces.at(-1)?.usage;
    expect(usage?.completionTokens).toBe(pieces.reduce((sum, piece) => sum + piece.tokens, 0));
    expect(pieces.map((piece) => piece.text).join('')).toMatch(/^[a-z]{40,60}$/);
  });

  it('answers eight at once', async () => {
    const wishes = Array.from({ length: 8 }, (_, index) => ({ root: letters(100 + index, 100 + index) }));
    const answers = await Promise.all(wishes.map((wish) => answer(shared.client, wish)));
    expect(answers.map(({ text }) => text.length)).toEqual(wishes.map((_, index) => 100 + index));
    expect(await shared.client.stats()).toMatchObject({ slots: 8, busySlots: 0, queued: 0 });
  });

  it('repeats itself when greedy and with the same seed', async () => {
    const run = async (sampling: Sampling) =>
      (await answer(shared.client, { root: letters(30, 30), sampling: { maxTokens: 64, ...sampling } })).text;
    expect(await run({ temperature: 0 })).toBe(await run({ temperature: 0 }));
    const hot = { temperature: 3, topP: 1, minP: 0, topK: 0 };
    const [first, same, other] = [
      await run({ ...hot, seed: 7 }),
      await run({ ...hot, seed: 7 }),
      await run({ ...hot, seed: 8 }),
    ];
    expect(first).toBe(same);
    expect(first).not.toBe(other);
  });

  it('says only what a grammar accepts, however hot', async () => {
    const call = sequence(
      text('{"name": "'),
      words(['海淀区', 'get_weather', 'x']),
      text('", "n": '),
      set([0x30, 0x39]),
      text('}'),
    );
    const root = choice(call, sequence(text('no '), letters(1, 9), text('.')));
    for (let seed = 0; seed < 20; seed++) {
      const { text: said, last } = await answer(shared.client, {
        root,
        sampling: { temperature: 5, topK: 0, topP: 1, minP: 0, seed },
      });
      expect(last?.end).toBe('stop');
      const cursor = compileGrammar({ root, rules: {} }).start();
      expect(cursor.accept(Buffer.from(said)), said).toBe(true);
      expect(cursor.mayEnd()).toBe(true);
    }
  });

  it('tells how likely each token was, forced ones too', async () => {
    const sum = (list: readonly { logprob: number }[]) =>
      list.reduce((total, { logprob }) => total + Math.exp(logprob), 0);
    const told = async (wish: Wish) => {
      const logprobs = [];
      let said = '';
      for await (const piece of ask(shared.client, { ...wish, sampling: { ...wish.sampling, topLogprobs: 20 } })) {
        said += piece.special ?? piece.text;
        logprobs.push(...(piece.logprobs ?? []));
        if (piece.end === undefined) expect(piece.logprobs).toHaveLength(piece.tokens);
      }
      expect(Buffer.concat(logprobs.map(({ bytes }) => Buffer.from(bytes))).toString()).toBe(said);
      for (const { top } of logprobs) {
        expect(top).toHaveLength(20);
        expect(sum(top)).toBeLessThanOrEqual(1 + 1e-4);
        expect(top).toEqual(top.toSorted((a, b) => b.logprob - a.logprob));
      }
      return logprobs;
    };
    const greedy = await told({ sampling: { temperature: 0, maxTokens: 12 } });
    expect(greedy.length).toBeGreaterThan(3);
    for (const { top, ...drawn } of greedy) expect(top[0]).toEqual(drawn);
    const forced = await told({ root: text('zebra 海淀区 {"x"'), sampling: { temperature: 0 } });
    expect(forced.some(({ top, ...drawn }) => top[0]?.logprob !== drawn.logprob)).toBe(true);
  });

  it('draws by the bias it is given, and refuses one of tokens that are none', async () => {
    const greedy = { temperature: 0, maxTokens: 1 };
    const first = async (sampling: Sampling) => {
      const { text: said } = await answer(shared.client, { sampling: { ...greedy, ...sampling } });
      const [token] = await shared.client.tokenize([{ text: said, trusted: true }]);
      return token ?? -1;
    };
    const usual = await first({});
    expect(await first({ logitBias: new Map([[usual, -100]]) })).not.toBe(usual);
    const [wanted = -1] = await shared.client.tokenize([{ text: 'zebra', trusted: true }]);
    expect(await first({ logitBias: new Map([[wanted, 100]]) })).toBe(wanted);
    await expect(first({ logitBias: new Map([[999_999, 1]]) })).rejects.toMatchObject({
      ...{ code: 'invalid_value', detail: { param: 'logit_bias' } },
    });
  });

  it('keeps spellings of special tokens in untrusted text letters', async () => {
    const { client } = shared;
    const spelled = await client.tokenize([{ text: '<|end|>', trusted: false }]);
    const special = await client.tokenize([{ text: '<|end|>', trusted: true }]);
    expect(special).toHaveLength(1);
    expect([...spelled]).not.toContain(special[0]);
    const mixed = await client.tokenize([
      { text: '<|user|>', trusted: true },
      { text: 'a<|end|>b', trusted: false },
      { text: '<|end|>', trusted: true },
    ]);
    expect([...mixed].filter((token) => token === special[0])).toHaveLength(1);
  });

  it('tokenises what would overflow the stack of a naive tokenizer', async () => {
    const { client } = shared;
    for (const text of ['a'.repeat(200_000), '<|end|>'.repeat(20_000), '海'.repeat(50_000), '\0'.repeat(20_000)])
      expect((await client.tokenize([{ text, trusted: false }])).length).toBeGreaterThan(10_000);
    expect(await client.tokenize([])).toHaveLength(0);
  });

  it('reuses what a slot already knows of a prompt', async () => {
    const prompt: Prompt = [{ text: `<|user|>${'many words of a long preamble '.repeat(12)}`, trusted: true }];
    const first = (await answer(shared.client, { prompt, root: text('ok') })).last?.usage;
    const more = [...prompt, { text: 'and a question', trusted: true }];
    const second = (await answer(shared.client, { prompt: more, root: text('ok') })).last?.usage;
    expect(second?.cachedTokens).toBeGreaterThan((first?.promptTokens ?? 0) - 5);
  });

  it('ends by maxTokens and by the end of its context', async () => {
    const cut = await answer(shared.client, { root: letters(50, 90), sampling: { maxTokens: 3 } });
    expect(cut.last).toMatchObject({ end: 'length', usage: { completionTokens: 3 } });
    const full = (await answer(shared.client, { root: letters(9000, 9000) })).last;
    expect(full?.end).toBe('length');
    expect((full?.usage?.promptTokens ?? 0) + (full?.usage?.completionTokens ?? 0)).toBe(1025);
  });

  it('refuses a prompt that does not fit and tokens that are none, and lives on', async () => {
    const generate = (tokens: Int32Array) =>
      shared.client.generate({ tokens, constraint: unconstrained, sampling: {}, signal: new AbortController().signal });
    const drain = async (pieces: AsyncIterable<Piece>) => {
      for await (const _ of pieces);
    };
    await expect(drain(generate(new Int32Array(1025)))).rejects.toMatchObject({ code: 'engine_protocol' });
    await expect(drain(generate(Int32Array.of(1 << 30)))).rejects.toMatchObject({ code: 'engine_protocol' });
    await expect(drain(generate(Int32Array.of()))).rejects.toMatchObject({ code: 'engine_protocol' });
    expect((await answer(shared.client, { root: text('ok') })).text).toBe('ok');
  });

  it('tells a grammar it cannot compile to that request alone', async () => {
    const bad = answer(shared.client, { root: { kind: 'rule', name: 'nowhere' } });
    await expect(bad).rejects.toBeDefined();
    expect((await answer(shared.client, { root: text('ok') })).text).toBe('ok');
  });

  it('remembers more grammars than it is asked with, and forgets the oldest', async () => {
    for (let i = 0; i < 80; i++)
      expect((await answer(shared.client, { root: text(`n${i % 50}`) })).text).toBe(`n${i % 50}`);
  });

  it('hangs up on who does not know the secret', async () => {
    const wrong = { ...shared.address, token: 'guess' };
    await expect(embeddedEngine.connect(wrong, AbortSignal.timeout(10_000))).rejects.toMatchObject({
      code: 'engine_crashed',
    });
    const socket = connect(shared.address.socketPath);
    socket.write(Buffer.of(255, 255, 255, 255));
    await once(socket, 'close');
    expect((await answer(shared.client, { root: text('ok') })).text).toBe('ok');
  });
});

describe('the embedded engine alone', () => {
  afterEach(async () => {
    for (const child of children.splice(0)) await end(child);
  });

  it('frees the slot within a token when the client aborts or stops reading', async () => {
    const { client } = await open(1);
    const decoded = async () => (await client.stats()).decodedTokens;
    const begin = async (signal?: AbortSignal) => {
      const running = ask(client, { root: letters(900, 900), ...(signal && { signal }) });
      await running.next();
      for (const seen = await decoded(); (await decoded()) < seen + 3; );
      return running;
    };
    // The engine reads messages in order: the first number is of after the abort, and one step may be under way.
    const expectStopped = async () => {
      const seen = await decoded();
      for (let i = 0; i < 50; i++) await client.stats();
      expect((await decoded()) - seen).toBeLessThanOrEqual(1);
      expect(await client.stats()).toMatchObject({ busySlots: 0, queued: 0 });
    };
    const abort = new AbortController();
    await begin(abort.signal);
    abort.abort();
    await expectStopped();
    await (await begin()).return();
    await expectStopped();
    expect((await answer(client, { root: text('ok') })).text).toBe('ok');
    client.close();
  });

  it('aborts what a closed connection asked for', async () => {
    const { client, address } = await open(1);
    await ask(client, { root: letters(900, 900) }).next();
    client.close();
    const again = await embeddedEngine.connect(address, AbortSignal.timeout(10_000));
    expect((await answer(again, { root: text('ok') })).text).toBe('ok');
    expect((await again.stats()).decodedTokens).toBeLessThan(500);
    again.close();
  });

  it('fails running requests at once when the process is killed', async () => {
    const { client, child } = await open();
    const failed: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const running = ask(client, { root: letters(900, 900) });
      await running.next();
      void (async () => {
        for await (const _ of running);
      })().catch((thrown) => failed.push(thrown));
    }
    // Stopped first, so that no answer can end by itself before the kill.
    child.kill('SIGSTOP');
    child.kill('SIGKILL');
    // Nobody waits for a timer: the requests fail with the connection, which ends with the process.
    expect(await client.closed).toContain('ended');
    await new Promise(setImmediate);
    expect(failed).toEqual(Array(3).fill(expect.objectContaining({ code: 'engine_crashed' })));
    await expect(client.tokenize([])).rejects.toMatchObject({ code: 'engine_crashed' });
    const late = client.generate({
      ...{ tokens: Int32Array.of(1), constraint: unconstrained, sampling: {} },
      signal: new AbortController().signal,
    });
    await expect(late[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'engine_crashed' });
  });

  it('ends when its standard input does, also in mid-answer', async () => {
    const { client, child } = await open();
    const stream = ask(client, { root: letters(900, 900) });
    await stream.next();
    expect(await end(child)).toBe(0);
  });

  it('tells who connects why a file cannot be loaded, and exits', async () => {
    const bytes = readFileSync(nano);
    const files = {
      'not.gguf': Buffer.from('this is no model'),
      'cut.gguf': bytes.subarray(0, bytes.length / 2),
      'header.gguf': bytes.subarray(0, 100),
      'empty.gguf': Buffer.alloc(0),
    };
    const failures = Object.entries(files).map(async ([name, content]) => {
      writeFileSync(join(folder, name), content);
      const { child, address } = start(join(folder, name));
      const exited = once(child, 'exit');
      const connected = embeddedEngine.connect(address, AbortSignal.timeout(20_000));
      await expect(connected, name).rejects.toMatchObject({ code: 'model_unusable' });
      expect((await exited)[0]).toBe(78);
    });
    await Promise.all(failures);
  });

  it('stops trying to connect when it is told to', async () => {
    const nowhere = { socketPath: join(folder, 'nowhere.sock'), token: '' };
    await expect(embeddedEngine.connect(nowhere, AbortSignal.timeout(50))).rejects.toBeDefined();
  });
});
