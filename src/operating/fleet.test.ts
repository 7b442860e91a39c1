/** The fleet with staged engines: what is wanted comes to stand, and requests find it. */

import { afterEach, describe, expect, it } from 'vitest';
import { aDeployment } from '../../test/fixtures/deployment.ts';
import { scriptedClient, scriptedSpec } from '../../test/fixtures/scripted-engine.ts';
import { systemClock } from '../base/clock.ts';
import { ConfigError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import type { Engine, EngineClient } from '../engines/engine.ts';
import type { Deployment, DeploymentId } from '../fleet/deployment.ts';
import type { InstanceId } from '../fleet/instance.ts';
import type { RunEnd, RunOrder, Runtime } from '../runtime/run.ts';
import { Fleet } from './fleet.ts';
import type { KeptInstance } from './kept-instance.ts';
import { createLocalRoster } from './local-roster.ts';
import { MemoryDesk } from './memory-desk.ts';

type Outcome = 'well' | 'badly' | 'never' | 'dies';

interface Life {
  readonly order: RunOrder;
  readonly client: EngineClient;
  crash(): void;
  isStopped: boolean;
}

const fleets: Fleet[] = [];
afterEach(() => Promise.all(fleets.splice(0).map((fleet) => fleet.close())));

/** A fleet whose engines do as they are told, one outcome for each life. */
function stage(
  outcomes: readonly Outcome[] = [],
  changes: { readonly isAnswering?: () => boolean; readonly freeBytes?: () => number } = {},
) {
  const lives: Life[] = [];
  const runtime: Runtime = {
    async start(order) {
      const end: RunEnd = { code: null, signal: 'SIGKILL', killed: false, logTail: 'last words', ranMs: 1 };
      let crash = (): void => {};
      const ended = new Promise<RunEnd>((resolve) => {
        crash = () => resolve(end);
      });
      const { isAnswering = () => true } = changes;
      const well = scriptedClient([], true).client;
      const stats = () => (isAnswering() ? well.stats() : new Promise<never>(() => {}));
      const life: Life = {
        order,
        client: { ...well, stats, closed: ended.then(() => 'gone') },
        crash,
        isStopped: false,
      };
      lives.push(life);
      const stop = () => {
        life.isStopped = true;
        crash();
        return ended;
      };
      const record = { ...order, guardPid: 1, guardStartTime: '', enginePid: 2, engineStartTime: '', startedAt: 0 };
      if (outcomes[lives.length - 1] === 'dies') crash();
      return { record: { ...record, socketPath: '/s', token: 't' }, ended, stop, leave: () => {} };
    },
    adopt: async () => undefined,
    endOf: () => undefined,
    strays: async () => {},
  };
  const engine: Engine = {
    name: 'staged',
    version: '1',
    readWishes: () => ({ parallel: 1, gpu: 'off', environment: {}, notes: [] }),
    plan: (_spec, { address }) => ({
      command: '/bin/true',
      arguments: [address.socketPath],
      environment: {},
      input: '',
    }),
    async connect({ socketPath }, signal) {
      const index = lives.findIndex(({ order }) => order.plan.arguments[0] === socketPath);
      const life = lives[index];
      const outcome = outcomes[index] ?? 'well';
      if (outcome === 'never' || outcome === 'dies')
        await new Promise((_, reject) => {
          if (signal.aborted) reject(signal.reason);
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      if (outcome === 'badly' || life === undefined) throw new ConfigError('model_unusable', 'The weights are broken.');
      return life.client;
    },
  };
  let serial = 0;
  const fleet = new Fleet({
    runtime,
    engine: () => engine,
    shelf: { take: async () => scriptedSpec(''), peek: () => undefined },
    allow: async () => {},
    inspect: async () => {},
    memory: new MemoryDesk(() => changes.freeBytes?.() ?? 2 ** 40),
    newAddress: () => ({ socketPath: `/${++serial}`, token: 't' }),
    dropAddress: () => {},
    place: () => ({ devices: ['cpu'] }),
    book: { note: () => {}, forget: () => {} },
    newId: (prefix) => `${prefix}_${++serial}`,
    clock: systemClock,
    log: silentLog,
    patience: { startMs: 60_000, graceMs: 10, drainMs: 60_000, healthMs: changes.isAnswering ? 5 : 60_000, leaseMs: 0 },
  });
  fleets.push(fleet);
  const roster = createLocalRoster(fleet, systemClock);
  return { fleet, roster, lives };
}

const patience = new AbortController().signal;
const id = 'dep_1' as DeploymentId;

/** Waits until the fleet is as told; the test's own time limit ends a vain wait. */
async function until(fleet: Fleet, isSo: (kept: readonly KeptInstance[]) => boolean): Promise<readonly KeptInstance[]> {
  while (!isSo(fleet.keptOf(id))) await fleet.change(patience);
  return fleet.keptOf(id);
}

const allReady = (count: number) => (kept: readonly KeptInstance[]) =>
  kept.length === count && kept.every(({ instance }) => instance.state === 'ready');

async function started(deployment: Deployment, ...rest: Parameters<typeof stage>) {
  const staged = stage(...rest);
  staged.fleet.want(deployment);
  staged.fleet.start();
  return staged;
}

describe('Fleet', () => {
  it('brings up what is wanted and ends what is not', async () => {
    const { fleet, lives } = await started(aDeployment({ replicas: 2 }));
    await until(fleet, allReady(2));
    fleet.want(aDeployment({ replicas: 1 }));
    await until(fleet, allReady(1));
    expect(lives.filter(({ isStopped }) => isStopped)).toHaveLength(1);
    fleet.unwant(id);
    await until(fleet, ({ length }) => length === 0);
    expect(lives.every(({ isStopped }) => isStopped)).toBe(true);
  });

  it('tells those who watch a deployment that an instance of it is gone', async () => {
    const { fleet } = await started(aDeployment());
    await until(fleet, allReady(1));
    const seen: number[] = [];
    fleet.subscribe(({ kind, type }) => {
      if (kind === 'deployment' && type === 'updated') seen.push(fleet.keptOf(id).length);
    });
    fleet.want(aDeployment({ isStopped: true }));
    await until(fleet, ({ length }) => length === 0);
    expect(seen).toEqual([1, 0]);
  });

  it('begins again at once after a crash and says what it was', async () => {
    const { fleet, roster, lives } = await started(aDeployment());
    const first = await roster.acquire(aDeployment(), patience);
    lives[0]?.crash();
    await until(fleet, ([kept]) => kept?.instance.failures === 1);
    const second = await roster.acquire(aDeployment(), patience);
    expect(second.instance).toBe(first.instance);
    const history = fleet.keptOf(id)[0]?.instance.history ?? [];
    expect(history.find(({ state }) => state === 'failed')?.reason).toContain('signal SIGKILL)\nlast words');
    expect(lives.map(({ order }) => order.run)).toEqual([1, 2]);
  });

  it('keeps the error of a model that cannot be loaded, and tells who asks when it will be tried again', async () => {
    const { fleet, roster } = await started(aDeployment(), ['badly', 'badly']);
    await until(fleet, ([kept]) => kept?.instance.failures === 2);
    expect(fleet.keptOf(id)[0]?.error).toMatchObject({ code: 'model_unusable' });
    const refusal = roster.acquire(aDeployment(), patience);
    await expect(refusal).rejects.toMatchObject({ code: 'model_failed', detail: { retryAfter: 1 } });
  });

  it('does not start again what must not be', async () => {
    const { fleet, roster } = await started(aDeployment({ restart: 'never' }), ['badly']);
    await until(fleet, ([kept]) => kept?.instance.state === 'failed');
    await expect(roster.acquire(aDeployment(), patience)).rejects.toMatchObject({ code: 'model_failed' });
  });

  it('takes an engine that dies while it starts as failed', async () => {
    const { fleet } = await started(aDeployment(), ['dies']);
    await until(fleet, allReady(1));
    expect(fleet.keptOf(id)[0]?.instance.history.some(({ state }) => state === 'failed')).toBe(true);
  });

  it('replaces an instance without cutting a request that it answers', async () => {
    const { fleet, roster, lives } = await started(aDeployment());
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
    const { fleet, roster, lives } = await started(lazy);
    expect(lives).toHaveLength(0);
    (await roster.acquire(lazy, patience)).release();
    expect(allReady(1)(fleet.keptOf(id))).toBe(true);
  });

  it('refuses at once what is stopped, gone or ending', async () => {
    const { fleet, roster } = await started(aDeployment({ isStopped: true }));
    await expect(roster.acquire(aDeployment(), patience)).rejects.toMatchObject({ code: 'model_stopped' });
    fleet.unwant(id);
    await expect(roster.acquire(aDeployment(), patience)).rejects.toMatchObject({ code: 'model_not_found' });
    await fleet.close();
    await expect(roster.acquire(aDeployment(), patience)).rejects.toMatchObject({ code: 'shutting_down' });
  });

  it('stops waiting when the one who asked has left', async () => {
    const { roster } = await started(aDeployment(), ['never']);
    const leaving = new AbortController();
    const refused = roster.acquire(aDeployment(), leaving.signal);
    leaving.abort();
    await expect(refused).rejects.toThrow('aborted');
  });

  it('spreads requests over replicas', async () => {
    const { fleet, roster } = await started(aDeployment({ replicas: 2 }));
    await until(fleet, allReady(2));
    const chosen = await Promise.all([1, 2].map(() => roster.acquire(aDeployment(), patience)));
    expect(new Set(chosen.map(({ instance }) => instance)).size).toBe(2);
  });

  it('notices an engine that has fallen silent, and replaces it if it stays so', async () => {
    let isAnswering = true;
    const { fleet } = await started(aDeployment(), [], { isAnswering: () => isAnswering });
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
    const { fleet } = stage();
    fleet.want(aDeployment());
    const instance = {
      id: 'ins_old' as InstanceId,
      deploymentId: id,
      workerId: 'local',
      revision: 1,
      state: 'ready',
    } as const;
    const rest = { reason: '', sinceMs: 0, failures: 0, retryAtMs: 0, devices: ['cpu'], run: 3, history: [] } as const;
    const run = { instanceId: instance.id, run: 3, guardPid: 1, guardStartTime: '', enginePid: 2, engineStartTime: '' };
    const address = { socketPath: '/s', token: 't' };
    fleet.takeUp({ ...instance, ...rest }, { run: { ...run, ...address, startedAt: 0 }, address });
    fleet.start();
    const [kept] = await until(fleet, allReady(1));
    expect(kept?.instance).toMatchObject({ id: 'ins_old', run: 4 });
  });
});
