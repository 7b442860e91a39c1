import { describe, expect, it } from 'vitest';
import { type Instance, type InstanceEvent, type InstanceId, next } from './instance.ts';

const fresh: Instance = { id: 'i' as InstanceId, state: 'pending', reason: '', failures: 0, retryAtMs: 0 };
const run = (...events: InstanceEvent[]): Instance => events.reduce(next, fresh);
const fail = (nowMs: number): InstanceEvent => ({ type: 'fail', reason: 'gone', nowMs });

describe('next', () => {
  it('starts, becomes ready, fails and starts again', () => {
    expect(run({ type: 'start' }).state).toBe('starting');
    expect(run({ type: 'start' }, { type: 'ready' }).state).toBe('ready');
    const failed = run({ type: 'start' }, { type: 'ready' }, fail(100));
    expect(failed).toMatchObject({ state: 'failed', reason: 'gone', failures: 1, retryAtMs: 100 });
    expect(next(failed, { type: 'start' }).state).toBe('starting');
  });

  it('waits longer after each failure in a row, and forgets them once ready', () => {
    const twice = run({ type: 'start' }, fail(0), { type: 'start' }, fail(0));
    expect(twice).toMatchObject({ failures: 2, retryAtMs: 500 });
    const recovered = [{ type: 'start' } as const, { type: 'ready' } as const, fail(1000)].reduce(next, twice);
    expect(recovered).toMatchObject({ failures: 1, retryAtMs: 1000 });
    let many = fresh;
    for (let i = 0; i < 20; i++) many = next(next(many, { type: 'start' }), fail(0));
    expect(many.retryAtMs).toBe(30_000);
  });

  it('stops from anywhere and stays stopped', () => {
    for (const before of [fresh, run({ type: 'start' }), run({ type: 'start' }, { type: 'ready' })]) {
      const stopped = next(next(before, { type: 'stop' }), { type: 'end' });
      expect(stopped.state).toBe('stopped');
      expect(next(stopped, { type: 'start' }).state).toBe('stopped');
      expect(next(stopped, fail(0)).state).toBe('stopped');
    }
  });
});
