import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, completeWith } from '../../test/fixtures/answering-world.ts';
import { scriptedClient } from '../../test/fixtures/scripted-engine.ts';
import { systemClock } from '../base/clock.ts';
import { foldEvents } from '../chat/fold.ts';
import { TimeLimits } from './time-limits.ts';

/** Values with a pause before each; a pause of `Infinity` never ends. */
async function* paused<T>(...steps: readonly (readonly [waitMs: number, value: T])[]): AsyncGenerator<T> {
  for (const [waitMs, value] of steps) {
    await new Promise((resolve) => {
      if (waitMs !== Number.POSITIVE_INFINITY) setTimeout(resolve, waitMs);
    });
    yield value;
  }
}

let client = new AbortController();
afterEach(() => {
  expect(getEventListeners(client.signal, 'abort')).toHaveLength(0);
  client = new AbortController();
});

/** In seconds, as short as a test can be; the settings themselves are whole seconds. */
const limitsOf = (timeouts: { firstToken?: number; idle?: number; total?: number }) =>
  new TimeLimits(timeouts, systemClock, client.signal);

async function watched<T>(limits: TimeLimits, values: AsyncIterable<T>, begins = (_: T) => true) {
  const seen: T[] = [];
  let aborted = 0;
  const watch = limits.watch(values, { begins, abort: () => aborted++ });
  const failure = await (async () => {
    for await (const value of watch) seen.push(value);
  })().catch((thrown: unknown) => thrown);
  return { seen, aborted, failure };
}

const never = Number.POSITIVE_INFINITY;

describe('the time of an answer', () => {
  it('is enough for an engine that keeps to it', async () => {
    const { seen, failure } = await watched(limitsOf({ firstToken: 5, idle: 5 }), paused([1, 'a'], [1, 'b']));
    expect([seen, failure]).toEqual([['a', 'b'], undefined]);
  });

  it.each([
    ['does not begin', { firstToken: 0.02 }, paused([never, 'a']), /did not begin to answer within 0.02 s/, 0],
    ['falls silent', { idle: 0.02 }, paused([0, 'a'], [never, 'b']), /sent nothing more for 0.02 s/, 1],
    ['only drips', { total: 0.1 }, paused([60, 'a'], [60, 'b'], [60, 'c']), /not done within 0.1 s/, 1],
  ])('is over for one that %s: it is told to stop, and not waited for', async (_, timeouts, values, message, count) => {
    const { seen, aborted, failure } = await watched(limitsOf(timeouts), values);
    expect(failure).toMatchObject({ code: 'engine_timeout', status: 504, message: expect.stringMatching(message) });
    expect([seen.length, aborted]).toEqual([count, 1]);
  });

  it('counts as reading the prompt until a part of the answer has come', async () => {
    const limits = limitsOf({ firstToken: 5, idle: 0.02 });
    const { seen, failure } = await watched(limits, paused([0, 'hello'], [60, 'a']), (value) => value !== 'hello');
    expect([seen, failure]).toEqual([['hello', 'a'], undefined]);
  });

  it('holds for prompts that are turned into tokens', async () => {
    await expect(limitsOf({ firstToken: 0.02 }).reply(new Promise(() => {}))).rejects.toMatchObject({
      code: 'engine_timeout',
    });
    await expect(limitsOf({}).reply(Promise.resolve('tokens'))).resolves.toBe('tokens');
  });

  it('is over at once for a client that leaves, whatever the engine does', async () => {
    const limits = limitsOf({});
    const waiting = watched(limits, paused([0, 'a'], [never, 'b']));
    const tokens = limits.reply(new Promise(() => {})).catch((thrown: unknown) => thrown);
    await new Promise((resolve) => setTimeout(resolve, 5));
    client.abort();
    const { seen, aborted, failure } = await waiting;
    expect([seen, aborted, failure, await tokens]).toEqual([['a'], 1, client.signal.reason, client.signal.reason]);
  });

  it('ends the whole answer, with what was sent standing, and leaves nothing behind', async () => {
    const { client, seen } = scriptedClient([{ chunks: ['Hel', 'lo'], end: 'never' }], true);
    const leaving = new AbortController();
    const complete = completeWith(client, { deployment: { timeouts: { idle: 0.02 } } });
    const { error } = await foldEvents(complete(ask({ tools: [] }), leaving.signal));
    expect(error).toMatchObject({ code: 'engine_timeout' });
    expect(seen.aborted).toBe(1);
    expect(getEventListeners(leaving.signal, 'abort')).toHaveLength(0);
  });
});
