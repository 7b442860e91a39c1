import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AppError } from '../../base/errors.ts';
import { type Job, Scheduler, shareOut } from './scheduler.ts';
import { createStandIn, logitsAfter } from './stand-in.contract.ts';

const vocabularySize = 50;

/** A job that takes the best token, `count` times. */
class GreedyJob implements Job {
  readonly prompt: Int32Array;
  readonly answer: number[] = [];
  readonly done: Promise<void>;
  cached = -1;
  error: AppError | undefined;
  onToken: () => void = () => {};
  readonly #count: number;
  #finish: () => void = () => {};

  constructor(prompt: readonly number[], count: number) {
    this.prompt = Int32Array.from(prompt);
    this.#count = count;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  begin(cached: number): boolean {
    this.cached = cached;
    return true;
  }

  next(logits: Float32Array, isLast: boolean): number | undefined {
    const token = bestOf(logits);
    this.answer.push(token);
    this.onToken();
    const goesOn = this.answer.length < this.#count && !isLast;
    if (!goesOn) this.#finish();
    return goesOn ? token : undefined;
  }

  fail(error: AppError): void {
    this.error = error;
    this.#finish();
  }
}

function bestOf(logits: Float32Array): number {
  return logits.reduce((best, logit, id) => (logit > (logits[best] ?? 0) ? id : best), 0);
}

/** What a model would answer with nothing but this prompt in its memory. */
function alone(prompt: readonly number[], count: number): number[] {
  const tokens = [...prompt];
  for (let i = 0; i < count; i++) tokens.push(bestOf(logitsAfter(tokens, vocabularySize)));
  return tokens.slice(prompt.length);
}

function create(slots: number, options: { batchSize?: number; contextPerSlot?: number; canCut?: boolean } = {}) {
  const decoder = createStandIn({ slots, batchSize: 32, contextPerSlot: 400, vocabularySize, ...options });
  return { decoder, scheduler: new Scheduler(decoder, () => {}) };
}

const range = (length: number, from = 0): number[] => Array.from({ length }, (_, i) => (from + i) % vocabularySize);

describe('Scheduler', () => {
  it('answers token for token as if each prompt were alone, however prompts share slots, prefixes and batches', async () => {
    const prompt = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 90 });
    const wish = fc.record({ prompt, count: fc.integer({ min: 1, max: 12 }), wave: fc.integer({ min: 0, max: 3 }) });
    const setting = fc.record({
      wishes: fc.array(wish, { minLength: 1, maxLength: 14 }),
      slots: fc.integer({ min: 1, max: 5 }),
      batchSize: fc.integer({ min: 8, max: 40 }),
      canCut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(setting, async ({ wishes, slots, batchSize, canCut }) => {
        const { scheduler } = create(slots, { batchSize, canCut });
        const jobs = wishes.map(({ prompt, count }) => new GreedyJob(prompt, count));
        for (const wave of [0, 1, 2, 3]) {
          const arriving = jobs.filter((_, index) => wishes[index]?.wave === wave);
          for (const job of arriving) scheduler.submit(job);
          await arriving[0]?.done;
        }
        await Promise.all(jobs.map((job) => job.done));
        for (const [index, { prompt, count }] of wishes.entries())
          expect(jobs[index]?.answer).toEqual(alone(prompt, count));
        await scheduler.close();
        expect(scheduler.stats()).toMatchObject({ busySlots: 0, queued: 0 });
      }),
      { seed: 7, numRuns: 150 },
    );
  });

  it('takes the slot with the longest common prefix and reports what it saved', async () => {
    const { scheduler, decoder } = create(3);
    for (const prompt of [range(20), range(20, 10), range(20, 20)]) {
      const job = new GreedyJob(prompt, 3);
      scheduler.submit(job);
      await job.done;
      expect(job.cached).toBe(0);
    }
    const again = new GreedyJob([...range(15, 10), 1, 2, 3], 2);
    scheduler.submit(again);
    await again.done;
    expect(again.cached).toBe(15);
    expect(decoder.batches.at(-2)?.[0]).toMatchObject({ slot: 1, position: 15, tokens: [1, 2, 3] });
  });

  it('computes the last token of a prompt anew even if all of it is known', async () => {
    const { scheduler } = create(1);
    const first = new GreedyJob(range(10), 1);
    scheduler.submit(first);
    await first.done;
    const second = new GreedyJob(range(10), 4);
    scheduler.submit(second);
    await second.done;
    expect(second.cached).toBe(9);
    expect(second.answer).toEqual(alone(range(10), 4));
  });

  it('writes answers on while it reads a long prompt in chunks', async () => {
    const { scheduler, decoder } = create(2, { batchSize: 16 });
    const short = new GreedyJob([1, 2, 3], 30);
    const long = new GreedyJob(range(200), 1);
    short.onToken = () => {
      if (short.answer.length === 1) scheduler.submit(long);
    };
    scheduler.submit(short);
    await Promise.all([short.done, long.done]);
    const mixed = decoder.batches.filter((batch) => batch.length === 2);
    expect(mixed.length).toBeGreaterThanOrEqual(12);
    expect(long.answer).toEqual(alone(range(200), 1));
  });

  it('serves those who wait in the order they came', async () => {
    const { scheduler } = create(1);
    const order: number[] = [];
    const jobs = range(5).map((id) => {
      const job = new GreedyJob([id], 2);
      void job.done.then(() => order.push(id));
      return job;
    });
    for (const job of jobs) scheduler.submit(job);
    await Promise.all(jobs.map((job) => job.done));
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it('frees the slot of a cancelled job for the next step', async () => {
    const { scheduler, decoder } = create(1);
    const endless = new GreedyJob([1, 2], 300);
    const next = new GreedyJob([3], 1);
    scheduler.submit(endless);
    scheduler.submit(next);
    decoder.onDecode = () => {
      if (decoder.batches.length === 3) scheduler.cancel(endless);
    };
    await next.done;
    expect(decoder.batches).toHaveLength(4);
    expect(endless.answer).toHaveLength(2);
  });

  it('ends an answer where the context is full and refuses prompts that do not fit', async () => {
    const { scheduler } = create(1, { contextPerSlot: 20 });
    const full = new GreedyJob(range(20), 50);
    const nearly = new GreedyJob(range(17), 50);
    const long = new GreedyJob(range(21), 1);
    const empty = new GreedyJob([], 1);
    const jobs = [full, nearly, long, empty];
    for (const job of jobs) scheduler.submit(job);
    await Promise.all(jobs.map((job) => job.done));
    expect(full.answer).toHaveLength(1);
    expect(nearly.answer).toHaveLength(4);
    expect(long.error?.code).toBe('engine_protocol');
    expect(empty.error?.code).toBe('engine_protocol');
  });

  it('fails what was in a failed batch and answers rightly afterwards', async () => {
    const { scheduler, decoder } = create(2);
    const lost = new GreedyJob(range(10), 3);
    decoder.failNext = true;
    scheduler.submit(lost);
    await lost.done;
    expect(lost.error).toBeDefined();
    const next = new GreedyJob(range(10), 3);
    scheduler.submit(next);
    await next.done;
    expect(next.answer).toEqual(alone(range(10), 3));
  });

  it('fails a job that throws, alone', async () => {
    const { scheduler } = create(2);
    const bad = new GreedyJob([1], 5);
    bad.onToken = () => {
      throw new RangeError('broken');
    };
    const good = new GreedyJob([2], 5);
    scheduler.submit(bad);
    scheduler.submit(good);
    await Promise.all([bad.done, good.done]);
    expect(bad.error).toBeDefined();
    expect(good.answer).toEqual(alone([2], 5));
  });

  it('fails everything when it closes, and what comes after', async () => {
    const { scheduler } = create(1);
    const jobs = [new GreedyJob([1], 300), new GreedyJob([2], 1)];
    for (const job of jobs) scheduler.submit(job);
    await Promise.resolve();
    await scheduler.close();
    const late = new GreedyJob([3], 1);
    scheduler.submit(late);
    expect([...jobs, late].map((job) => job.error?.code)).toEqual(Array(3).fill('shutting_down'));
  });
});

describe('shareOut', () => {
  it('gives half to the oldest and the rest to the smallest, one after the other', () => {
    expect(shareOut([100, 70, 4, 50], 64)).toEqual([32, 0, 4, 28]);
    expect(shareOut([100, 4, 100], 64)).toEqual([60, 4, 0]);
    expect(shareOut([10, 100, 90], 64)).toEqual([10, 0, 54]);
  });

  it('gives no more than was asked for, and no more than there is', () => {
    expect(shareOut([3, 2], 64)).toEqual([3, 2]);
    expect(shareOut([5, 5], 1)).toEqual([1, 0]);
    expect(shareOut([], 64)).toEqual([]);
  });
});
