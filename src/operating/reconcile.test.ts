import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aDeployment as deployment } from '../../test/fixtures/deployment.ts';
import type { Deployment, DeploymentId } from '../fleet/deployment.ts';
import { type Instance, type InstanceId, type InstanceState, newInstance, next } from '../fleet/instance.ts';
import { type Action, type FleetFacts, planActions } from './reconcile.ts';

let count = 0;
const instance = (state: InstanceState, changes: Partial<Instance> = {}): Instance => ({
  ...newInstance(
    { id: `ins_${++count}` as InstanceId, deploymentId: 'dep_1' as DeploymentId, workerId: 'local', revision: 1 },
    0,
  ),
  state,
  ...changes,
});

const nobody = { demanded: new Set<DeploymentId>(), adopting: new Set<InstanceId>(), cramped: new Set<InstanceId>() };
const plan = (wish: Deployment, instances: Instance[], nowMs = 1_000, rest: Partial<FleetFacts> = {}) =>
  planActions({ deployments: [wish], ...nobody, instances, nowMs, ...rest });
const types = (wish: Deployment, instances: Instance[], nowMs?: number) =>
  plan(wish, instances, nowMs).actions.map((action) => action.type);

describe('planActions', () => {
  it('creates what is missing and begins what waits', () => {
    expect(types(deployment({ replicas: 3 }), [])).toEqual(['create', 'create', 'create']);
    expect(types(deployment(), [instance('pending')])).toEqual(['begin']);
    expect(types(deployment(), [instance('ready')])).toEqual([]);
  });

  it('tries a failed one again when its time has come, unless it must not', () => {
    const failed = instance('failed', { retryAtMs: 5_000 });
    expect(plan(deployment(), [failed], 1_000)).toEqual({ actions: [], wakeAtMs: 5_000 });
    expect(types(deployment(), [failed], 5_000)).toEqual(['begin']);
    expect(types(deployment({ restart: 'never' }), [failed], 5_000)).toEqual([]);
  });

  it('stops everything of a stopped, scaled-down or deleted deployment and forgets what has ended', () => {
    const both = [instance('ready'), instance('starting')];
    expect(types(deployment({ isStopped: true }), both)).toEqual(['stop', 'stop']);
    expect(types(deployment({ replicas: 0 }), both)).toEqual(['stop', 'stop']);
    expect(planActions({ deployments: [], ...nobody, instances: both, nowMs: 0 }).actions).toHaveLength(2);
    expect(types(deployment({ isStopped: true }), [instance('stopping'), instance('stopped')])).toEqual(['forget']);
  });

  it('scales down by what serves least', () => {
    const starting = instance('starting');
    const { actions } = plan(deployment({ replicas: 1 }), [instance('ready'), starting]);
    expect(actions).toEqual([{ type: 'stop', instanceId: starting.id, reason: 'fewer replicas are wanted' }]);
  });

  it('loads on demand only', () => {
    const lazy = deployment({ keepAliveSeconds: 60 });
    expect(types(lazy, [])).toEqual([]);
    expect(plan(lazy, [], 0, { demanded: new Set(['dep_1' as DeploymentId]) }).actions.map(({ type }) => type)).toEqual(
      ['create'],
    );
    expect(types(lazy, [instance('ready')])).toEqual(['stop']);
  });

  it('replaces one at a time, the old one serving until the new one does', () => {
    const edited = deployment({ replicas: 2, instanceRevision: 2 });
    const [first, second] = [instance('ready'), instance('ready')];
    expect(types(edited, [first, second])).toEqual(['create']);
    const fresh = instance('starting', { revision: 2 });
    expect(types(edited, [first, second, fresh])).toEqual([]);
    const { actions } = plan(edited, [first, second, { ...fresh, state: 'ready' }]);
    expect(actions.map(({ type }) => type)).toEqual(['stop', 'create']);
  });

  it('gives way where there is no room for both, and only there', () => {
    const edited = deployment({ instanceRevision: 2 });
    const stuck = instance('pending', { revision: 2, reason: 'no room' });
    const old = instance('ready');
    const stop = expect.objectContaining({ type: 'stop', instanceId: old.id });
    expect(plan(edited, [old, stuck], 0, { cramped: new Set([stuck.id]) }).actions).toContainEqual(stop);
    expect(plan(edited, [old, stuck]).actions).toEqual([{ type: 'begin', instanceId: stuck.id }]);
  });

  it('keeps an old one that is being taken over until the new one serves', () => {
    const edited = deployment({ instanceRevision: 2 });
    const old = instance('starting');
    expect(types(edited, [old])).toEqual(['stop', 'create']);
    expect(plan(edited, [old], 0, { adopting: new Set([old.id]) }).actions.map(({ type }) => type)).toEqual(['create']);
  });

  it('comes to rest from anywhere with what is wanted, and never lets an edit take the last one that serves', () => {
    const states: InstanceState[] = [
      'pending',
      'placed',
      'starting',
      'ready',
      'ailing',
      'failed',
      'stopping',
      'stopped',
    ];
    const anyInstance = fc.record({ state: fc.constantFrom(...states), revision: fc.constantFrom(1, 2) });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.array(anyInstance, { maxLength: 6 }), (replicas, facts) => {
        const wish = deployment({ replicas, instanceRevision: 2 });
        let instances = facts.map(({ state, revision }) => instance(state, { revision }));
        for (let step = 0; step < 40; step++) {
          const { actions } = plan(wish, instances, 1e12);
          const before = serving(instances);
          instances = progress(apply(instances, actions));
          if (replicas > 0 && before > 0) expect(serving(instances)).toBeGreaterThan(0);
        }
        expect(instances.map(({ state, revision }) => [state, revision])).toEqual(Array(replicas).fill(['ready', 2]));
      }),
      { seed: 5, numRuns: 250 },
    );
  });
});

const serving = (instances: Instance[]) =>
  instances.filter(({ state }) => state === 'ready' || state === 'ailing').length;

function apply(instances: Instance[], actions: readonly Action[]): Instance[] {
  let result = [...instances];
  for (const action of actions) {
    if (action.type === 'create') result.push(instance('pending', { revision: 2 }));
    else if (action.type === 'forget') result = result.filter(({ id }) => id !== action.instanceId);
    else if (action.type === 'stop')
      result = result.map((each) =>
        each.id === action.instanceId ? next(each, { type: 'stop', reason: action.reason, atMs: 1 }) : each,
      );
    else
      result = result.map((each) =>
        each.id === action.instanceId ? next(each, { type: 'place', devices: [], atMs: 1 }) : each,
      );
  }
  return result;
}

/** Every instance takes its next step by itself. */
function progress(instances: Instance[]): Instance[] {
  return instances.map((each) => {
    if (each.state === 'placed' || each.state === 'fetching') return next(each, { type: 'start', atMs: 2 });
    if (each.state === 'starting') return next(each, { type: 'ready', atMs: 3 });
    if (each.state === 'ailing') return next(each, { type: 'recover', atMs: 3 });
    return next(each, { type: 'end', reason: '', atMs: 4 });
  });
}
