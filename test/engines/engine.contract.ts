/** What every engine that takes text must do, told by tests that all of them pass. */

import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAppError } from '../../src/base/errors.ts';
import type { Piece } from '../../src/chat/piece.ts';
import type { Prompt } from '../../src/chat/prompt.ts';
import type { Sampling } from '../../src/chat/request.ts';
import type { Abilities, EngineClient } from '../../src/engines/engine.ts';
import { compileGrammar } from '../../src/grammar/automaton.ts';
import { type Constraint, unconstrained } from '../../src/grammar/constraint.ts';
import { choice, type GrammarNode, repeat, sequence, set, special, text, words } from '../../src/grammar/grammar.ts';
import type { Run } from '../../src/runtime/run.ts';

/** An engine that runs, with four places at least. */
export interface OpenEngine {
  readonly client: EngineClient;
  /** Ends its program at once. */
  kill(): void;
  /** Ends what is left; also after `kill`. */
  close(): Promise<void>;
}

/** What the suite must know of the engine and its model. */
export interface EngineFacts {
  /** What it must have proven of itself. */
  readonly claims: Abilities;
  /** A control token of the model at which no answer ends. */
  readonly special: string;
  /** A prompt that the model goes on from. */
  readonly prompt: Prompt;
  /** Its log probabilities are those behind the grammar. */
  readonly masksLogprobs?: true;
}

interface Wish {
  readonly prompt?: Prompt;
  readonly root?: GrammarNode;
  readonly constraint?: Partial<Constraint>;
  readonly sampling?: Sampling;
  readonly signal?: AbortSignal;
}

interface Answer {
  readonly text: string;
  readonly pieces: readonly Piece[];
  readonly last: Piece | undefined;
}

const letters = (least: number, most: number): GrammarNode => repeat(set([0x61, 0x7a]), least, most);

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + patience; !(await condition()); await sleep(20))
    expect(performance.now(), 'it takes too long').toBeLessThan(endMs);
}

async function isFree(client: EngineClient): Promise<boolean> {
  const { busySlots, queued } = await client.stats();
  return busySlots === 0 && queued === 0;
}

async function lastOf(pieces: AsyncIterable<Piece>): Promise<Piece | undefined> {
  let last: Piece | undefined;
  for await (const piece of pieces) last = piece;
  return last;
}

async function drain(pieces: AsyncIterable<Piece>): Promise<void> {
  for await (const _ of pieces);
}

/** As wild as it gets. */
const hot: Sampling = { temperature: 5, topK: 0, topP: 1, minP: 0 };
const patience = 30_000;

/** Runs the suite on one engine; the last test ends it. */
export function describeEngine(name: string, open: () => Promise<OpenEngine>, facts: EngineFacts): void {
  const { claims } = facts;
  let opened: OpenEngine;
  let client: EngineClient;
  beforeAll(async () => {
    opened = await open();
    client = opened.client;
  }, 300_000);
  afterAll(() => opened?.close());

  async function* ask(wish: Wish = {}): AsyncGenerator<Piece, void, undefined> {
    const { prompt = facts.prompt, root, sampling = {}, signal = new AbortController().signal } = wish;
    const grammar = root === undefined ? {} : { grammar: { root, rules: {} } };
    const constraint = { ...unconstrained, ...grammar, ...wish.constraint };
    yield* client.generate({ tokens: await client.tokenize(prompt), constraint, sampling, signal });
  }

  async function answer(wish: Wish = {}): Promise<Answer> {
    const pieces: Piece[] = [];
    for await (const piece of ask(wish)) pieces.push(piece);
    return { text: pieces.map((piece) => piece.text).join(''), pieces, last: pieces.at(-1) };
  }

  const isIdle = (): Promise<boolean> => isFree(client);

  describe(`${name}: what it says of itself`, () => {
    it('proves what it can do', () => {
      expect(client.abilities).toEqual(claims);
      expect(client.device).not.toBe('');
    });

    it('tells its places and its room', async () => {
      const stats = await client.stats();
      expect(stats.slots).toBeGreaterThanOrEqual(4);
      expect(stats.contextPerSlot).toBe(client.contextPerSlot);
      expect(client.contextPerSlot).toBeGreaterThanOrEqual(512);
      await until(isIdle);
    });
  });

  describe(`${name}: answers`, () => {
    it('streams pieces, the last with end and usage that adds up', async () => {
      const { pieces, last } = await answer({ sampling: { maxTokens: 24, seed: 1 } });
      expect(pieces.slice(0, -1).every(({ end, usage }) => end === undefined && usage === undefined)).toBe(true);
      expect(last?.usage?.completionTokens).toBe(pieces.reduce((sum, piece) => sum + piece.tokens, 0));
      expect(last?.usage?.promptTokens).toBe((await client.tokenize(facts.prompt)).length);
    });

    it('ends by the limit, and at once by a limit of nothing', async () => {
      const cut = await answer({ root: letters(50, 90), sampling: { maxTokens: 3 } });
      expect(cut.last).toMatchObject({ end: 'length', usage: { completionTokens: 3 } });
      const none = await answer({ sampling: { maxTokens: 0 } });
      expect(none).toMatchObject({ text: '', last: { end: 'length', usage: { completionTokens: 0 } } });
    });

    it('ends by the end of its context', async () => {
      const { last } = await answer({ root: repeat(letters(1, 1), 90_000) });
      expect(last?.end).toBe('length');
      const { promptTokens = 0, completionTokens = 0 } = last?.usage ?? {};
      expect(Math.abs(promptTokens + completionTokens - client.contextPerSlot)).toBeLessThanOrEqual(1);
    });

    it('repeats itself when greedy and with the same seed, and with another does not', async () => {
      const say = async (sampling: Sampling) => (await answer({ sampling: { maxTokens: 24, ...sampling } })).pieces;
      const words = (pieces: readonly Piece[]) => pieces.map((piece) => piece.special ?? piece.text).join('');
      expect(words(await say({ temperature: 0 }))).toBe(words(await say({ temperature: 0 })));
      const first = words(await say({ ...hot, seed: 7 }));
      expect(words(await say({ ...hot, seed: 7 }))).toBe(first);
      expect(words(await say({ ...hot, seed: 8 }))).not.toBe(first);
      expect(await say({ seed: 2 ** 40 + 1 })).not.toHaveLength(0);
    });

    it('stops at a text, also one that is split over tokens', async () => {
      const root = sequence(text('abc ZE'), text('BRA def'), letters(50, 50));
      const { text: said, last } = await answer({ root, constraint: { stops: ['ZEBRA'] } });
      expect(said).toMatch(/^abc (ZEBRA ?d?e?f?[a-z]*)?$/);
      expect(said.length).toBeLessThan(40);
      expect(last?.end).toBe('stop');
    });

    it('remembers a prompt', async () => {
      const prompt = [...facts.prompt, { text: 'many words of a long preamble '.repeat(12), trusted: true }];
      await answer({ prompt, root: text('ok') });
      const more = [...prompt, { text: 'and a question', trusted: true }];
      const { last } = await answer({ prompt: more, root: text('ok') });
      expect(last?.usage?.cachedTokens).toBeGreaterThan(20);
      expect(last?.usage?.cachedTokens).toBeLessThan(last?.usage?.promptTokens ?? 0);
    });

    it('answers several at once, each by itself', async () => {
      const counts = [31, 32, 33, 34, 35, 36, 37, 38];
      const answers = await Promise.all(counts.map((count) => answer({ root: letters(count, count) })));
      expect(answers.map(({ text: said }) => said.length)).toEqual(counts);
      await until(isIdle);
    });
  });

  describe.runIf(claims.wholeGrammar)(`${name}: grammars`, () => {
    it('says only what a grammar accepts, however hot', async () => {
      const call = sequence(
        text('{"name": "'),
        words(['海淀区', 'get_weather', 'x']),
        text('", "n": '),
        set([0x30, 0x39]),
        text('}'),
      );
      const root = choice(call, sequence(text('no '), letters(1, 9), text('.')));
      const seeds = Array.from({ length: 20 }, (_, seed) => seed);
      const answers = await Promise.all(seeds.map((seed) => answer({ root, sampling: { ...hot, seed } })));
      for (const { text: said, last } of answers) {
        expect(last?.end).toBe('stop');
        const cursor = compileGrammar({ root, rules: {} }).start();
        expect(cursor.accept(Buffer.from(said)), said).toBe(true);
        expect(cursor.mayEnd(), said).toBe(true);
      }
    });

    it('hands out whole code points', async () => {
      const said = 'é 海淀区 🦓🏽 \u{10ffff} ok';
      const { text: whole, pieces } = await answer({ root: text(said) });
      expect(whole).toBe(said);
      for (const piece of pieces) expect(piece.text.isWellFormed()).toBe(true);
    });

    it('fails for a grammar that is none, and lives on', async () => {
      await expect(answer({ root: { kind: 'rule', name: 'nowhere' } })).rejects.toSatisfy(isAppError);
      expect((await answer({ root: text('ok') })).text).toBe('ok');
    });

    it('is not asked for what it cannot enforce', () => {
      expect(client.enforces?.({ ...unconstrained, grammar: { root: text('ok'), rules: {} } })).not.toBe(false);
    });
  });

  describe.runIf(claims.specialTokens)(`${name}: special tokens`, () => {
    it('keeps their spelling in strangers’ text letters', async () => {
      const [token = -1, ...more] = await client.tokenize([{ text: facts.special, trusted: true }]);
      const begun = more.length === 0 ? token : (more.at(-1) ?? -1);
      const around = (trusted: boolean): Prompt => [
        { text: 'a', trusted: true },
        { text: facts.special, trusted },
        { text: 'b', trusted: true },
      ];
      expect(await client.tokenize(around(true))).toContain(begun);
      expect(await client.tokenize(around(false))).not.toContain(begun);
      const [head, tail] = [facts.special.slice(0, 3), facts.special.slice(3)];
      const split: Prompt = [
        { text: head, trusted: false },
        { text: tail, trusted: false },
      ];
      expect(await client.tokenize(split)).not.toContain(begun);
    });

    it('tells them from their spelling', async () => {
      const token = await answer({ root: sequence(text('o'), special(facts.special), text('k')) });
      expect(token.text).toBe('ok');
      expect(token.pieces.map((piece) => piece.special).filter((each) => each !== undefined)).toEqual([facts.special]);
      const spelt = await answer({ root: sequence(text('o'), text(facts.special), text('k')) });
      expect(spelt.text).toBe(`o${facts.special}k`);
      expect(spelt.pieces.every((piece) => piece.special === undefined)).toBe(true);
    });

    it('ends the turn at those that the constraint names', async () => {
      const id = (await client.tokenize([{ text: facts.special, trusted: true }])).at(-1) ?? -1;
      const sampling = { temperature: 0, maxTokens: 5, logitBias: new Map([[id, 100]]) };
      const ended = await answer({ sampling, constraint: { ends: [facts.special] } });
      expect(ended).toMatchObject({ text: '', last: { end: 'stop', usage: { completionTokens: 1 } } });
      const goesOn = await answer({ sampling });
      expect(goesOn.pieces[0]).toMatchObject({ special: facts.special, text: '' });
      expect(goesOn.last?.end).toBe('length');
    });
  });

  describe.runIf(claims.logprobs)(`${name}: log probabilities`, () => {
    it('tells how likely each token was, likeliest first', async () => {
      const { text: said, pieces } = await answer({ sampling: { temperature: 0, maxTokens: 12, topLogprobs: 5 } });
      const logprobs = pieces.flatMap((piece) => piece.logprobs ?? []);
      const spelt = pieces.map((piece) => piece.special ?? piece.text).join('');
      expect(Buffer.concat(logprobs.map(({ bytes }) => Buffer.from(bytes))).toString()).toBe(spelt);
      expect(said).not.toBe('');
      for (const { top, ...drawn } of logprobs) {
        expect(top).toHaveLength(5);
        expect(top).toEqual(top.toSorted((a, b) => b.logprob - a.logprob));
        expect(top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeLessThanOrEqual(1 + 1e-4);
        expect(top[0]).toEqual(drawn);
      }
    });

    it.skipIf(facts.masksLogprobs)('tells it of the model as it is, whatever a grammar forces', async () => {
      const { pieces } = await answer({ root: text('zebra {"x"'), sampling: { temperature: 0, topLogprobs: 3 } });
      const logprobs = pieces.flatMap((piece) => piece.logprobs ?? []);
      expect(logprobs.some(({ top, logprob }) => (top[0]?.logprob ?? 0) > logprob)).toBe(true);
      expect(logprobs.every(({ logprob }) => logprob <= 0 && logprob >= -9_999)).toBe(true);
    });

    it('tells no rivals where none are asked for', async () => {
      const { pieces } = await answer({ sampling: { maxTokens: 2, topLogprobs: 0 } });
      expect(pieces.flatMap((piece) => piece.logprobs ?? [])[0]?.top).toEqual([]);
    });
  });

  describe(`${name}: what is asked wrongly`, () => {
    const generate = (tokens: Int32Array, sampling: Sampling = {}): Promise<void> =>
      drain(client.generate({ tokens, constraint: unconstrained, sampling, signal: new AbortController().signal }));

    it('refuses prompts that do not fit, that are empty, and of tokens that are none', async () => {
      const [token = 0] = await client.tokenize([{ text: 'a', trusted: true }]);
      for (const tokens of [
        new Int32Array(client.contextPerSlot + 1).fill(token),
        Int32Array.of(),
        Int32Array.of(1 << 30),
        Int32Array.of(-7),
      ])
        await expect(generate(tokens), `${tokens.length} tokens`).rejects.toSatisfy(isAppError);
      expect((await answer({ root: text('ok') })).text).toBe('ok');
    });

    it('refuses biases of tokens that are none', async () => {
      const tokens = await client.tokenize(facts.prompt);
      const strange = generate(tokens, { logitBias: new Map([[99_999_999, 1]]) });
      await expect(strange).rejects.toMatchObject({ detail: { param: 'logit_bias' } });
    });

    it('tokenises whatever strangers send', async () => {
      const odd = [
        '\ud800',
        'a\udfff b',
        '\0\0',
        '\u{fffe}',
        'a'.repeat(100_000),
        `${facts.special}`.repeat(3_000),
        '𒀀',
      ];
      for (const each of odd) {
        const tokens = await client.tokenize([{ text: each, trusted: false }]);
        expect(tokens.length, JSON.stringify(each.slice(0, 20))).toBeGreaterThan(0);
      }
      const prompts = fc.array(fc.record({ text: fc.string({ unit: 'binary' }), trusted: fc.constant(false) }));
      const property = fc.asyncProperty(prompts, async (prompt) => {
        expect(await client.tokenize(prompt)).toBeInstanceOf(Int32Array);
      });
      await fc.assert(property, { numRuns: 20 });
    });
  });

  describe(`${name}: who leaves`, () => {
    it('frees the place when the request is aborted or its reader stops', async () => {
      const aborting = new AbortController();
      const aborted = ask({ root: letters(400, 400), signal: aborting.signal });
      await aborted.next();
      aborting.abort();
      // What has come already may still be read; then it is over, without an error.
      await drain(aborted);
      await until(isIdle);
      const left = ask({ root: letters(400, 400) });
      await left.next();
      await left.return();
      await until(isIdle);
      expect((await answer({ root: text('ok') })).text).toBe('ok');
    });

    it('answers nothing to a request that was aborted before', async () => {
      expect((await answer({ signal: AbortSignal.abort() })).pieces).toEqual([]);
    });

    it('frees all places when many leave at once', async () => {
      const clients = Array.from({ length: 12 }, () => new AbortController());
      const asked = clients.map(({ signal }) => answer({ root: letters(300, 300), signal }));
      await sleep(100);
      for (const aborting of clients) aborting.abort();
      await Promise.all(asked);
      await until(isIdle);
    });
  });

  describe(`${name}: its end`, () => {
    it('fails what runs when the program is killed, says so, and asks no more', async () => {
      // As long as the context allows: none should be over before the kill, on a busy machine either.
      const running = Array.from({ length: 3 }, () => ask({ root: repeat(letters(1, 1), 90_000) }));
      const begun = running.map((each) => each.next());
      await Promise.race(begun);
      opened.kill();
      const ends = await Promise.allSettled(running.map((each, index) => begun[index]?.then(() => lastOf(each))));
      for (const end of ends)
        if (end.status === 'rejected') expect(end.reason).toMatchObject({ kind: 'engine' });
        else expect(end.value?.end, 'it broke off without a word').toBeDefined();
      // All may have been said already where a program is far ahead of its reader.
      expect(await client.closed).not.toBe('');
      await expect(client.tokenize([{ text: 'a', trusted: true }])).rejects.toMatchObject({ kind: 'engine' });
      await expect(client.stats()).rejects.toSatisfy(isAppError);
    });
  });
}

/** That an engine ends when it is told to; `start` starts one of its own. */
export function describeEnding(
  name: string,
  start: () => Promise<{ readonly client: EngineClient; readonly run: Run }>,
  { prompt }: Pick<EngineFacts, 'prompt'>,
): void {
  describe(`${name}, told to end`, () => {
    it('ends in good order once what ran has left, as the fleet drains it', async () => {
      const { client, run } = await start();
      const tokens = await client.tokenize(prompt);
      const leaving = new AbortController();
      const constraint = { ...unconstrained, grammar: { root: letters(800, 800), rules: {} } };
      const request = { tokens, constraint, sampling: {}, signal: leaving.signal };
      const running = client.generate(request)[Symbol.asyncIterator]();
      expect((await running.next()).done).toBe(false);
      leaving.abort();
      await until(() => isFree(client));
      client.close();
      expect(await run.stop()).toMatchObject({ killed: false });
      expect(await client.closed).not.toBe('');
    });
  });
}
