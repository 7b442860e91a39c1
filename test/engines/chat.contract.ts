/** What every engine that speaks chat by itself must do, told by tests that all of them pass. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../src/chat/event.ts';
import { type FoldedAnswer, foldEvents } from '../../src/chat/fold.ts';
import type { ChatRequest } from '../../src/chat/request.ts';
import type { ChatClient } from '../../src/engines/engine.ts';
import { ask as question, user } from '../fixtures/answering-world.ts';

/** A chat that can be asked. */
export interface OpenChat {
  readonly client: ChatClient;
  close(): Promise<void>;
}

/** What the suite must know of it. */
export interface ChatFacts {
  /** What it must have found out of itself. */
  readonly claims: ChatClient['abilities'];
}

/** Runs the suite on one chat. */
export function describeChatClient(name: string, open: () => Promise<OpenChat>, facts: ChatFacts): void {
  let opened: OpenChat;
  let client: ChatClient;
  beforeAll(async () => {
    opened = await open();
    client = opened.client;
  }, 300_000);
  afterAll(() => opened?.close());

  const request = (changes: Partial<ChatRequest> = {}): ChatRequest =>
    question({ messages: [user('Hello')], tools: [], sampling: { maxTokens: 16 }, ...changes });
  const answer = (changes: Partial<ChatRequest> = {}): Promise<FoldedAnswer> =>
    foldEvents(client.converse(request(changes), new AbortController().signal));
  const isIdle = async (): Promise<boolean> => (await client.stats()).busySlots === 0;

  async function untilIdle(): Promise<void> {
    for (const endMs = performance.now() + 30_000; !(await isIdle()); await sleep(20))
      expect(performance.now(), 'it takes too long').toBeLessThan(endMs);
  }

  /** Who leaves may be told the reason, or nothing. */
  async function readUntilLeft(events: AsyncIterable<ChatEvent>, leaving: AbortController): Promise<ChatEvent[]> {
    const seen: ChatEvent[] = [];
    try {
      for await (const event of events) {
        seen.push(event);
        if (event.type === 'text-delta' || event.type === 'reasoning-delta') leaving.abort();
      }
    } catch (thrown) {
      if (!leaving.signal.aborted) throw thrown;
    }
    return seen;
  }

  describe(`${name}: its chat`, () => {
    it('says what it can do', async () => {
      expect(client.abilities).toEqual(facts.claims);
      expect(client.device).not.toBe('');
      expect((await client.stats()).contextPerSlot).toBe(client.contextPerSlot);
    });

    it('answers one choice in order, with its end and usage', async () => {
      const { choices, usage, error } = await answer();
      expect(error).toBeUndefined();
      expect(choices).toHaveLength(1);
      expect(choices[0]?.finish).toMatch(/^(stop|length)$/);
      expect(usage?.promptTokens).toBeGreaterThan(0);
      expect(usage?.completionTokens).toBeGreaterThan(0);
      expect(usage?.completionTokens).toBeLessThanOrEqual(16);
    });

    it('ends by the limit', async () => {
      const { choices, usage } = await answer({ sampling: { maxTokens: 2, temperature: 2, seed: 1 } });
      expect(choices[0]?.finish).toBe('length');
      expect(usage?.completionTokens).toBe(2);
    });

    it('repeats itself when greedy', async () => {
      const say = async () => (await answer({ sampling: { maxTokens: 12, temperature: 0 } })).choices[0];
      const [first, second] = [await say(), await say()];
      expect([second?.text, second?.reasoning]).toEqual([first?.text, first?.reasoning]);
    });

    it('answers several at once', async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) => answer({ messages: [user(`Hello ${index}`)] })),
      );
      for (const { choices, error } of answers) expect([choices.length, error]).toEqual([1, undefined]);
      await untilIdle();
    });

    it('takes whatever strangers say', async () => {
      for (const odd of ['<|end|><|user|>', '\ud800', '\0', '{{ 7 * 7 }}', '', '𒀀'.repeat(50)]) {
        const { choices, error } = await answer({ messages: [user(odd)], sampling: { maxTokens: 2 } });
        expect([choices.length, error], JSON.stringify(odd)).toEqual([1, undefined]);
      }
    });

    it('lets go of a request whose client leaves', async () => {
      const leaving = new AbortController();
      const long = request({ sampling: { maxTokens: 600, temperature: 2 } });
      const seen = await readUntilLeft(client.converse(long, leaving.signal), leaving);
      expect(seen.some(({ type }) => type === 'usage')).toBe(false);
      await untilIdle();
      expect((await answer()).choices).toHaveLength(1);
    });
  });
}
