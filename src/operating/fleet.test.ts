/** The fleet with staged engines: what is wanted comes to stand, and requests find it. */

import { describe, expect, it } from 'vitest';
import { aDeployment } from '../../test/fixtures/deployment.ts';
import type { InstanceId } from '../fleet/instance.ts';
import { allReady, patience, stagedId, stageFleet, startFleet, until } from './fixtures/staged-fleet.ts';

describe('Fleet', () => {
  it('brings up what is wanted and ends what is not', async () => {
    const { fleet, lives } = startFleet(aDeployment({ replicas: 2 }));
    await until(fleet, allReady(2));
    fleet.want(aDeployment({ replicas: 1 }));
    await until(fleet, allReady(1));
    expect(lives.filter(({ isStopped }) => isStopped)).toHaveLength(1);
    fleet.unwant(stagedId);
    await until(fleet, ({ length }) => length === 0);
    expect(lives.every(({ isStopped }) => isStopped)).toBe(true);
  });

  it('tells those who watch a deployment that an instance of it is gone', async () => {
    const { fleet } = startFleet(aDeployment());
    await until(fleet, allReady(1));
    const seen: number[] = [];
    fleet.subscribe(({ kind, type }) => {
      if (kind === 'deployment' && type === 'updated') seen.push(fleet.keptOf(stagedId).length);
    });
    fleet.want(aDeployment({ isStopped: true }));
    await until(fleet, ({ length }) => length === 0);
    expect(seen).toEqual([1, 0]);
  });

  it('begins again at once after a crash and says what it was', async () => {
    const { fleet, roster, lives } = startFleet(aDeployment());
    const first = await roster.acquire(aDeployment(), patience);
    lives[0]?.crash();
    await until(fleet, ([kept]) => kept?.instance.failures === 1);
    const second = await roster.acquire(aDeployment(), patience);
    expect(second.instance).toBe(first.instance);
    const history = fleet.keptOf(stagedId)[0]?.instance.history ?? [];
    expect(history.find(({ state }) => state === 'failed')?.reason).toContain('signal SIGKILL)\nlast words');
    expect(lives.map(({ order }) => order.run)).toEqual([1, 2]);
  });

  it('keeps the error of a model that cannot be loaded, and tells who asks when it will be tried again', async () => {
    const { fleet, roster } = startFleet(aDeployment(), ['badly', 'badly', 'badly']);
    await until(fleet, ([kept]) => kept?.instance.failures === 3);
    expect(fleet.keptOf(stagedId)[0]?.error).toMatchObject({ code: 'model_unusable' });
    const refusal = roster.acquire(aDeployment(), patience);
    await expect(refusal).rejects.toMatchObject({ code: 'model_failed', detail: { retryAfter: 10 } });
  });

  it('lets requests wait for a start that comes in a moment', async () => {
    const { fleet, roster } = startFleet(aDeployment(), ['badly', 'badly', 'well']);
    await until(fleet, ([kept]) => kept?.instance.failures === 2);
    const { instance } = await roster.acquire(aDeployment(), patience);
    expect(fleet.keptOf(stagedId)[0]).toMatchObject({ id: instance, instance: { run: 3 } });
  });

  it('does not start again what must not be', async () => {
    const { fleet, roster } = startFleet(aDeployment({ restart: 'never' }), ['badly']);
    await until(fleet, ([kept]) => kept?.instance.state === 'failed');
    await expect(roster.acquire(aDeployment(), patience)).rejects.toMatchObject({ code: 'model_failed' });
  });

  it('takes an engine that dies while it starts as failed', async () => {
    const { fleet } = startFleet(aDeployment(), ['dies']);
    await until(fleet, allReady(1));
    expect(fleet.keptOf(stagedId)[0]?.instance.history.some(({ state }) => state === 'failed')).toBe(true);
  });

  it('replaces an instance without cutting a request that it answers', async () => {
    const { fleet, roster, lives } = startFleet(aDeployment());
    const running = await roster.acquire(aDeployment(), patience);
    fleet.want(aDeployment({ revision: 2, instanceRevision: 2 }));
    await until(fleet, (kept) => kept.some(({ instance }) => instance.state === 'stopping'));
    expect(lives.map(({ isStopped }) => isStopped)).toEqual([false, false]);
    expect((await roster.acquire(aDeployment(), patience)).instance).not.toBe(running.instance);
    running.release();
    await until(fleet, (kept) => kept.length === 1);
    expect(lives.map(({ isStopped }) => isStopped)).toEqual([true, false]);
  });

  it('loads on demand', async () => {
    const lazy = aDeployment({ keepAliveSeconds: 3_600 });
    const { fleet, roster, lives } = startFleet(lazy);
    expect(lives).toHaveLength(0);
    (await roster.acquire(lazy, patience)).release();
    expect(allReady(1)(fleet.keptOf(stagedId))).toBe(true);
  });

  it('refuses at once what is stopped, gone or ending', async () => {
    const { fleet, roster } = startFleet(aDeployment({ isStopped: true }));
    await expect(roster.acquire(aDeployment(), patience)).rejects.toMatchObject({ code: 'model_stopped' });
    fleet.unwant(stagedId);
    await expect(roster.acquire(aDeployment(), patience)).rejects.toMatchObject({ code: 'model_not_found' });
    await fleet.close();
    await expect(roster.acquire(aDeployment(), patience)).rejects.toMatchObject({ code: 'shutting_down' });
  });

  it('stops waiting when the one who asked has left', async () => {
    const { roster } = startFleet(aDeployment(), ['never']);
    const leaving = new AbortController();
    const refused = roster.acquire(aDeployment(), leaving.signal);
    leaving.abort();
    await expect(refused).rejects.toThrow('aborted');
  });

  it('spreads requests over replicas', async () => {
    const { fleet, roster } = startFleet(aDeployment({ replicas: 2 }));
    await until(fleet, allReady(2));
    const chosen = await Promise.all([1, 2].map(() => roster.acquire(aDeployment(), patience)));
    expect(new Set(chosen.map(({ instance }) => instance)).size).toBe(2);
  });

  it('notices an engine that has fallen silent, and replaces it if it stays so', async () => {
    let isAnswering = true;
    const { fleet } = startFleet(aDeployment(), [], { isAnswering: () => isAnswering, healthMs: 5 });
    await until(fleet, allReady(1));
    isAnswering = false;
    await until(fleet, ([kept]) => kept?.instance.state === 'ailing');
    isAnswering = true;
    await until(fleet, allReady(1));
    isAnswering = false;
    const [kept] = await until(fleet, ([each]) => each?.instance.state === 'failed');
    expect(kept?.instance.reason).toContain('did not answer for too long');
  });

  it('ends an instance that an earlier server left for dead', async () => {
    const { fleet } = stageFleet();
    fleet.want(aDeployment());
    const instance = {
      id: 'ins_old' as InstanceId,
      deploymentId: stagedId,
      workerId: 'local',
      revision: 1,
      state: 'ready',
    } as const;
    const rest = { reason: '', sinceMs: 0, failures: 0, retryAtMs: 0, devices: ['cpu'], run: 3, history: [] } as const;
    const run = { instanceId: instance.id, run: 3, guardPid: 1, guardStartTime: '', enginePid: 2, engineStartTime: '' };
    const address = { socketPath: '/s', token: 't' };
    fleet.takeUp(
      { ...instance, ...rest },
      {
        ...{ run: { ...run, ...address, startedAt: 0 }, address },
        ...{ engine: 'embedded 1', source: { kind: 'bundled' }, command: [] },
      },
    );
    fleet.start();
    const [kept] = await until(fleet, allReady(1));
    expect(kept?.instance).toMatchObject({ id: 'ins_old', run: 4 });
  });
});
