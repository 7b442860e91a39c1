/** Places, the line for them, and whom requests are given to. */

import { getEventListeners, setMaxListeners } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { aDeployment } from '../../../test/fixtures/deployment.ts';
import { EngineError } from '../../base/errors.ts';
import type { Candidate, WaitingEvent } from '../../engines/roster.ts';
import type { Deployment } from '../../fleet/deployment.ts';
import { allReady, handClock, patience, settle, stagedId, startFleet, until } from '../fixtures/staged-fleet.ts';
import { createLocalRoster, type LocalRoster } from './local-roster.ts';

const crash = new EngineError('engine_crashed', 'It broke.');
setMaxListeners(200, patience);
let staged: { readonly roster: LocalRoster; readonly fleet: ReturnType<typeof startFleet>['fleet'] } | undefined;

/** A fleet whose instances are all ready and have so many places each. */
async function ready(changes: Partial<Deployment>, slots: number) {
  const { clock, goOn } = handClock();
  const deployment = aDeployment(changes);
  const { fleet, lives } = startFleet(deployment, [], { slots });
  const roster = createLocalRoster(fleet, clock);
  staged = { roster, fleet };
  await until(fleet, allReady(deployment.replicas));
  await settle();
  return { fleet, roster, lives, goOn, deployment };
}

afterEach(() => {
  const { roster, fleet } = staged ?? {};
  staged = undefined;
  expect(roster?.waiting ?? 0, 'waiting').toBe(0);
  const running = fleet?.keptOf(stagedId).map((kept) => kept.running) ?? [];
  expect(Math.max(0, ...running), 'places taken').toBe(0);
  expect(getEventListeners(patience, 'abort'), 'listeners').toHaveLength(0);
});

/** Lets go of what was given as soon as it is given, and notes the order. */
function served(order: string[], caller: string) {
  return (candidate: Candidate): void => {
    order.push(caller);
    candidate.release('answered');
  };
}

describe('places', () => {
  it('are as many as the engine has slots; others wait and move up', async () => {
    const { roster, deployment } = await ready({}, 2);
    const told: WaitingEvent[] = [];
    const [first, second] = await Promise.all([1, 2].map(() => roster.acquire(deployment, patience)));
    const third = roster.acquire(deployment, patience, { tell: (event) => told.push(event) });
    await settle();
    expect(roster.waiting).toBe(1);
    expect(told).toEqual([{ type: 'progress', stage: 'queued', position: 1 }]);
    first?.release('answered');
    (await third).release('answered');
    second?.release('answered');
  });

  it('are given to callers in turn, so that none keeps the others waiting', async () => {
    const { roster, deployment } = await ready({ limits: { queue: 5 } }, 1);
    const taken = await roster.acquire(deployment, patience);
    const order: string[] = [];
    const waits = ['a', 'a', 'a', 'b', 'c'].map((caller) =>
      roster.acquire(deployment, patience, { caller }).then(served(order, caller)),
    );
    await settle();
    taken.release('answered');
    await Promise.all(waits);
    expect(order).toEqual(['a', 'b', 'c', 'a', 'a']);
  });

  it('are waited for by so many at most, and the next is told when to come back', async () => {
    const { roster, deployment, goOn } = await ready({ limits: { queue: 2 } }, 1);
    for (const _ of [1, 2, 3]) {
      (await roster.acquire(deployment, patience)).release('answered');
      goOn(4_000);
    }
    const taken = await roster.acquire(deployment, patience);
    const waits = [1, 2].map(() => roster.acquire(deployment, patience).then(served([], '')));
    await expect(roster.acquire(deployment, patience)).rejects.toMatchObject({
      code: 'rate_limited',
      status: 429,
      detail: { retryAfter: 12 },
    });
    taken.release();
    await Promise.all(waits);
  });

  it('are not kept from others by one who fills the line', async () => {
    const { roster, deployment } = await ready({ limits: { queue: 3 } }, 1);
    const taken = await roster.acquire(deployment, patience);
    const order: string[] = [];
    const greedy = [1, 2, 3].map(() =>
      roster.acquire(deployment, patience, { caller: 'greedy' }).then(served(order, 'greedy')),
    );
    const modest = roster.acquire(deployment, patience, { caller: 'modest' }).then(served(order, 'modest'));
    await expect(greedy[2]).rejects.toMatchObject({ code: 'rate_limited' });
    taken.release();
    await Promise.all([greedy[0], greedy[1], modest]);
    expect(order).toEqual(['greedy', 'modest', 'greedy']);
  });

  it('are four waiters each where nothing is said', async () => {
    const { roster, deployment } = await ready({ replicas: 2 }, 1);
    const taken = await Promise.all([1, 2].map(() => roster.acquire(deployment, patience)));
    const waits = Array.from({ length: 8 }, () => roster.acquire(deployment, patience).then(served([], '')));
    await expect(roster.acquire(deployment, patience)).rejects.toMatchObject({ code: 'rate_limited' });
    for (const { release } of taken) release();
    await Promise.all(waits);
  });

  it('are waited for no longer than is said', async () => {
    const { roster, deployment } = await ready({ timeouts: { queue: 1 } }, 1);
    const taken = await roster.acquire(deployment, patience);
    await expect(roster.acquire(deployment, patience)).rejects.toMatchObject({ code: 'queue_timeout', status: 503 });
    taken.release();
  });

  it('are left to others at once by a thousand who connect and leave', async () => {
    const { roster, deployment } = await ready({ limits: { queue: 1_000 } }, 1);
    const taken = await roster.acquire(deployment, patience);
    const leaving = new AbortController();
    setMaxListeners(1_000, leaving.signal);
    const waits = Array.from({ length: 1_000 }, () => roster.acquire(deployment, leaving.signal));
    const all = Promise.allSettled(waits);
    expect(roster.waiting).toBe(1_000);
    leaving.abort();
    expect(new Set((await all).map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect([roster.waiting, getEventListeners(leaving.signal, 'abort').length]).toEqual([0, 0]);
    taken.release();
    (await roster.acquire(deployment, patience)).release();
  });

  it('free themselves once, however often they are let go', async () => {
    const { roster, deployment, fleet } = await ready({}, 1);
    const first = await roster.acquire(deployment, patience);
    first.release();
    const second = await roster.acquire(deployment, patience);
    first.release();
    expect(fleet.keptOf(stagedId).map(({ running }) => running)).toEqual([1]);
    second.release();
  });

  it('are kept by those who wait while their deployment is stopped: they are told', async () => {
    const { roster, deployment, fleet } = await ready({}, 1);
    const taken = await roster.acquire(deployment, patience);
    const waiting = roster.acquire(deployment, patience);
    await settle();
    fleet.want(aDeployment({ isStopped: true }));
    await expect(waiting).rejects.toMatchObject({ code: 'model_stopped' });
    taken.release();
    await until(fleet, ({ length }) => length === 0);
  });
});

describe('a model that loads on demand', () => {
  it('is loaded once for a hundred who ask at the same moment, and all are answered', async () => {
    const lazy = aDeployment({ keepAliveSeconds: 60, limits: { queue: 100 } });
    const { fleet, roster, lives } = startFleet(lazy, [], { slots: 4 });
    staged = { roster, fleet };
    const told: WaitingEvent[] = [];
    const order: string[] = [];
    const asks = Array.from({ length: 100 }, () =>
      roster.acquire(lazy, patience, { tell: (event) => told.push(event) }).then(served(order, '')),
    );
    await Promise.all(asks);
    expect([order.length, lives.length]).toEqual([100, 1]);
    expect(told[0]).toEqual({ type: 'progress', stage: 'loading' });
  });
});

describe('the choice among replicas', () => {
  it('keeps a conversation where it was', async () => {
    const { roster, deployment } = await ready({ replicas: 3 }, 4);
    for (const affinity of ['a', 'b', 'c', 'd', 'e']) {
      const places = new Set<string>();
      for (const _ of [1, 2, 3]) {
        const candidate = await roster.acquire(deployment, patience, { affinity });
        places.add(candidate.instance);
        candidate.release('answered');
      }
      expect(places.size, affinity).toBe(1);
    }
  });

  it('goes past those that failed this request, and says so where there is no other', async () => {
    const { roster, deployment } = await ready({ replicas: 2 }, 1);
    const first = await roster.acquire(deployment, patience);
    const except = new Set([first.instance]);
    first.release(crash);
    const second = await roster.acquire(deployment, patience, { except });
    expect(second.instance).not.toBe(first.instance);
    second.release(crash);
    const both = new Set([...except, second.instance]);
    await expect(roster.acquire(deployment, patience, { except: both })).rejects.toMatchObject({
      message: expect.stringContaining('No other instance'),
    });
  });

  it('leaves out one that only says that it is well, shows it as ailing, and tries it again with one request', async () => {
    const { roster, deployment, fleet, goOn } = await ready({ replicas: 2 }, 4);
    const [liar, honest] = fleet.keptOf(stagedId).map(({ id }) => id);
    const asked = async (): Promise<string> => {
      const candidate = await roster.acquire(deployment, patience);
      candidate.release(candidate.instance === liar ? crash : 'answered');
      return candidate.instance;
    };
    for (let asks = 0; asks < 10; asks++) await asked();
    expect(fleet.keptOf(stagedId)[0]?.instance).toMatchObject({
      state: 'ailing',
      reason: expect.stringMatching(/requests fail one after another.*It broke\./),
    });
    const later: string[] = [];
    for (let asks = 0; asks < 20; asks++) later.push(await asked());
    expect(new Set(later)).toEqual(new Set([honest]));
    goOn(5_000);
    const trials = [await asked(), await asked(), await asked()];
    expect(trials).toEqual([liar, honest, honest]);
    goOn(10_000);
    const candidate = await roster.acquire(deployment, patience);
    expect(candidate.instance).toBe(liar);
    candidate.release('answered');
    expect(fleet.keptOf(stagedId)[0]?.instance.state).toBe('ready');
  });

  it('asks a lonely replica even if it fails: its failure is the answer', async () => {
    const { roster, deployment } = await ready({}, 4);
    for (let asks = 0; asks < 10; asks++) (await roster.acquire(deployment, patience)).release(crash);
  });
});
