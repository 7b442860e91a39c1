import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeploymentId } from './deployment.ts';
import {
  backoffMs,
  type Instance,
  type InstanceEvent,
  type InstanceId,
  newInstance,
  next,
  stableMs,
} from './instance.ts';

const facts = { id: 'ins_1' as InstanceId, deploymentId: 'dep_1' as DeploymentId, workerId: 'local', revision: 1 };
const fresh = newInstance(facts, 0);
const run = (...events: InstanceEvent[]): Instance => events.reduce(next, fresh);
const place = (atMs = 1): InstanceEvent => ({ type: 'place', devices: ['cpu'], atMs });
const start = (atMs = 2): InstanceEvent => ({ type: 'start', atMs });
const ready = (atMs = 3): InstanceEvent => ({ type: 'ready', atMs });
const fail = (atMs = 4): InstanceEvent => ({ type: 'fail', reason: 'gone', atMs });
const stop: InstanceEvent = { type: 'stop', reason: 'told to', atMs: 5 };
const end: InstanceEvent = { type: 'end', reason: '', atMs: 6 };

describe('next', () => {
  it('is placed, fetches, starts, is ready, ails and recovers', () => {
    const fetching = run(place(), { type: 'fetch', reason: '12 %', atMs: 2 });
    expect(fetching).toMatchObject({ state: 'fetching', reason: '12 %', devices: ['cpu'], run: 1 });
    const up = [start(), ready()].reduce(next, fetching);
    expect(up).toMatchObject({ state: 'ready', reason: '', sinceMs: 3 });
    const ailing = next(up, { type: 'ail', reason: 'silent', atMs: 9 });
    expect(ailing).toMatchObject({ state: 'ailing', reason: 'silent' });
    expect(next(ailing, { type: 'recover', atMs: 10 }).state).toBe('ready');
  });

  it('tells progress within a state without a new chapter', () => {
    const at = (reason: string, atMs: number): InstanceEvent => ({ type: 'fetch', reason, atMs });
    const fetching = run(place(), at('1 %', 2), at('2 %', 3));
    expect(fetching).toMatchObject({ reason: '2 %', sinceMs: 2 });
    expect(fetching.history.map(({ state, reason }) => [state, reason])).toEqual([
      ['pending', ''],
      ['placed', ''],
      ['fetching', '2 %'],
    ]);
  });

  it('waits longer after each failure in a row, and forgets them once it was stable', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 50].map(backoffMs)).toEqual([
      0, 1_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000,
    ]);
    const twice = run(place(), start(), fail(10), place(10), start(10), ready(11), fail(12));
    expect(twice).toMatchObject({ state: 'failed', failures: 2, retryAtMs: 1_012, run: 2 });
    const stable = [place(20), start(20), ready(21), fail(21 + stableMs)].reduce(next, twice);
    expect(stable).toMatchObject({ failures: 1, retryAtMs: 21 + stableMs });
  });

  it('waits for room, also after a failure, and remembers that', () => {
    const wait: InstanceEvent = { type: 'wait', reason: 'no room', atMs: 9 };
    expect(run(place(), wait)).toMatchObject({ state: 'pending', reason: 'no room', sinceMs: 9 });
    expect(run(place(), start(), fail(), wait)).toMatchObject({ state: 'pending', failures: 1 });
    expect(run(place(), start(), wait).state).toBe('starting');
  });

  it('is adopted as whatever an earlier server left, unless that had ended', () => {
    const adopt: InstanceEvent = { type: 'adopt', reason: 'found running', atMs: 9 };
    for (const left of [run(place(), start()), run(place(), start(), ready()), run(place(), start(), stop)])
      expect(next(left, adopt)).toMatchObject({ state: 'starting', reason: 'found running', devices: ['cpu'], run: 1 });
    expect(next(run(stop, end), adopt).state).toBe('stopped');
  });

  it('stops from anywhere and stays stopped, whatever happens', () => {
    const anyEvent = fc.constantFrom<InstanceEvent>(place(), start(), ready(), fail(), {
      type: 'fetch',
      reason: '',
      atMs: 1,
    });
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 8 }), fc.array(anyEvent, { maxLength: 4 }), (before, after) => {
        const stopped = [...before, stop, end].reduce(next, fresh);
        expect(stopped.state).toBe('stopped');
        expect(after.reduce(next, stopped)).toBe(stopped);
        expect(stopped.history.length).toBeLessThanOrEqual(30);
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});
