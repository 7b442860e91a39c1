/** The fleet when things come at the same moment, or at the wrong one. */

import { describe, expect, it } from 'vitest';
import { aDeployment } from '../../test/fixtures/deployment.ts';
import { scriptedSpec } from '../../test/fixtures/scripted-engine.ts';
import type { DeploymentId } from '../fleet/deployment.ts';
import { type Instance, type InstanceId, type InstanceState, newInstance } from '../fleet/instance.ts';
import { estimateMemory } from '../models/estimate-memory.ts';
import {
  allReady,
  handClock,
  type Life,
  leftBehind,
  patience,
  settle,
  stagedId,
  stageFleet,
  startFleet,
  until,
} from './fixtures/staged-fleet.ts';
import { MemoryDesk } from './memory-desk.ts';
import type { ModelShelf } from './shelves/model-shelf.ts';

const left = (state: InstanceState, changes: Partial<Instance> = {}): Instance => ({
  ...newInstance({ id: 'ins_old' as InstanceId, deploymentId: stagedId, workerId: 'local', revision: 1 }, 0),
  state,
  devices: ['cpu'],
  run: 3,
  ...changes,
});

const isGoing = ({ isStopped }: Life): boolean => !isStopped;

describe('a deployment that loads on demand', () => {
  const lazy = aDeployment({ keepAliveSeconds: 60 });

  it('stays for its time after the last request, and not for longer', async () => {
    const { clock, goOn } = handClock();
    const { fleet, roster } = startFleet(lazy, [], { clock });
    const { release } = await roster.acquire(lazy, patience);
    goOn(3_600_000);
    fleet.lookAgain();
    await settle();
    expect(allReady(1)(fleet.keptOf(stagedId)), 'while a request runs').toBe(true);
    release();
    release();
    goOn(59_000);
    fleet.lookAgain();
    await settle();
    expect(allReady(1)(fleet.keptOf(stagedId)), 'during its time').toBe(true);
    goOn(2_000);
    fleet.lookAgain();
    await until(fleet, ({ length }) => length === 0);
  });

  it('is not given up while somebody waits for it, however long it loads', async () => {
    const { clock, goOn } = handClock();
    const { fleet, roster, lives } = startFleet(lazy, ['never'], { clock });
    const leaving = new AbortController();
    const waiting = roster.acquire(lazy, leaving.signal);
    await until(fleet, ([kept]) => kept?.instance.state === 'starting');
    goOn(3_600_000);
    fleet.lookAgain();
    await settle();
    expect(lives.map(isGoing)).toEqual([true]);
    leaving.abort();
    await expect(waiting).rejects.toThrow('aborted');
    goOn(61_000);
    fleet.lookAgain();
    await until(fleet, ({ length }) => length === 0);
  });

  it('is loaded once, however many ask at the same moment', async () => {
    const { roster, lives } = startFleet(lazy);
    const candidates = await Promise.all([1, 2, 3, 4].map(() => roster.acquire(lazy, patience)));
    expect(new Set(candidates.map(({ instance }) => instance)).size).toBe(1);
    expect(lives).toHaveLength(1);
  });

  it('that ran when the server was killed goes on', async () => {
    const { fleet, lives } = stageFleet([], { adopted: async () => true });
    fleet.want(lazy);
    fleet.takeUp(left('ready'), leftBehind(left('ready').id, 3));
    fleet.start();
    await until(fleet, allReady(1));
    await settle();
    expect(lives.map(isGoing)).toEqual([true]);
  });
});

describe('an instance that an earlier server left', () => {
  const adopted = async () => true;

  it.each<InstanceState>(['starting', 'ready', 'ailing', 'stopping'])(
    'as %s is adopted where it is wanted',
    async (state) => {
      const { fleet } = stageFleet([], { adopted });
      fleet.want(aDeployment());
      fleet.takeUp(left(state), leftBehind(left(state).id, 3));
      fleet.start();
      const [kept] = await until(fleet, allReady(1));
      expect(kept?.instance).toMatchObject({ id: 'ins_old', run: 3 });
      expect(kept?.adoptable).toEqual(leftBehind(left(state).id, 3));
    },
  );

  it('is adopted and ended where it is not wanted any more', async () => {
    const { fleet, lives } = stageFleet([], { adopted });
    fleet.want(aDeployment({ isStopped: true }));
    fleet.takeUp(left('ready'), leftBehind(left('ready').id, 3));
    fleet.start();
    await until(fleet, ({ length }) => length === 0);
    expect(lives.map(isGoing)).toEqual([false]);
  });

  it('serves on while it is replaced, if its settings have changed', async () => {
    const { fleet, roster, lives } = stageFleet([], { adopted });
    const edited = aDeployment({ revision: 2, instanceRevision: 2 });
    fleet.want(edited);
    fleet.takeUp(left('ready'), leftBehind(left('ready').id, 3));
    fleet.start();
    expect((await roster.acquire(edited, patience)).instance).toBe('ins_old');
    await until(fleet, (kept) => kept.some(({ instance }) => instance.state === 'stopping'));
    expect(lives.map(isGoing), 'its request runs').toEqual([true, true]);
  });

  it('is forgotten where its deployment is gone or it had not come far', () => {
    const forgotten: string[] = [];
    const { fleet } = stageFleet([], { book: { note: () => {}, forget: (id) => void forgotten.push(id) } });
    fleet.takeUp(left('ready'), leftBehind(left('ready').id, 3));
    fleet.want(aDeployment());
    fleet.takeUp(left('fetching'), undefined);
    expect(fleet.kept).toEqual([]);
    expect(forgotten).toEqual(['ins_old', 'ins_old']);
  });

  it('that had failed waits on', async () => {
    const { clock } = handClock();
    const { fleet, lives } = stageFleet([], { clock });
    fleet.want(aDeployment());
    fleet.takeUp(left('failed', { failures: 5, retryAtMs: clock.unixMs() + 40_000, reason: 'it crashed' }), undefined);
    fleet.start();
    await settle();
    expect(fleet.keptOf(stagedId)[0]?.instance).toMatchObject({ state: 'failed', failures: 5, reason: 'it crashed' });
    expect(lives).toEqual([]);
  });
});

describe('running requests', () => {
  it('end by themselves when the deployment is stopped, and then the engine ends', async () => {
    const { fleet, roster, lives } = startFleet(aDeployment());
    const requests = await Promise.all([1, 2, 3, 4].map(() => roster.acquire(aDeployment(), patience)));
    fleet.want(aDeployment({ isStopped: true }));
    await until(fleet, ([kept]) => kept?.instance.state === 'stopping');
    for (const { release } of requests) {
      expect(lives.map(isGoing)).toEqual([true]);
      release();
    }
    await until(fleet, ({ length }) => length === 0);
    expect(lives.map(isGoing)).toEqual([false]);
  });

  it('that do not end are cut when their time is over', async () => {
    const { fleet, roster, lives } = startFleet(aDeployment(), [], { drainMs: 5 });
    await roster.acquire(aDeployment(), patience);
    fleet.want(aDeployment({ isStopped: true }));
    await until(fleet, ({ length }) => length === 0);
    expect(lives.map(isGoing)).toEqual([false]);
  });

  it('do not hold up the end of the server', async () => {
    const { fleet, roster, lives } = startFleet(aDeployment());
    const { release } = await roster.acquire(aDeployment(), patience);
    fleet.want(aDeployment({ isStopped: true }));
    await until(fleet, ([kept]) => kept?.instance.state === 'stopping');
    await fleet.close();
    expect(lives.map(isGoing)).toEqual([false]);
    release();
  });

  it('are not touched when it is scaled to nothing and back', async () => {
    const { fleet, roster, lives } = startFleet(aDeployment());
    const { release } = await roster.acquire(aDeployment(), patience);
    fleet.want(aDeployment({ replicas: 0 }));
    await until(fleet, ([kept]) => kept?.instance.state === 'stopping');
    fleet.want(aDeployment());
    await until(fleet, (kept) => kept.some(({ instance }) => instance.state === 'ready'));
    expect(lives.map(isGoing)).toEqual([true, true]);
    release();
    await until(fleet, allReady(1));
    expect(lives.map(isGoing)).toEqual([false, true]);
  });
});

it('leaves a download that its deployment does not want any more', async () => {
  let hasLeft = false;
  const shelf: ModelShelf = {
    peek: () => undefined,
    take: (_source, tell, signal) => {
      tell('1 %');
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          hasLeft = true;
          reject(signal.reason);
        }),
      );
    },
  };
  const { fleet } = startFleet(aDeployment(), [], { shelf });
  await until(fleet, ([kept]) => kept?.instance.reason === '1 %');
  fleet.unwant(stagedId);
  await until(fleet, ({ length }) => length === 0);
  expect(hasLeft).toBe(true);
});

describe('two edits in a row', () => {
  it('end in instances of the last one, the first serving until then', async () => {
    const { fleet, roster, lives } = startFleet(aDeployment(), ['well', 'never']);
    await until(fleet, allReady(1));
    fleet.want(aDeployment({ revision: 2, instanceRevision: 2 }));
    await until(fleet, ([, second]) => second?.instance.state === 'starting');
    fleet.want(aDeployment({ revision: 3, instanceRevision: 3 }));
    for (let asked = 0; asked < 5; asked++) {
      (await roster.acquire(aDeployment(), patience)).release();
      await settle();
    }
    const [kept] = await until(fleet, allReady(1));
    expect(kept?.instance.revision).toBe(3);
    expect(lives.map(isGoing)).toEqual([false, false, true]);
  });
});

describe('memory', () => {
  const spec = { ...scriptedSpec(''), trainedContext: 32_768, kvBytesPerToken: 10_000, sizeBytes: 1_000_000_000 };
  const shelf: ModelShelf = { take: async () => spec, peek: () => spec };
  const need = (context: number): number => estimateMemory(spec, context, 1).totalBytes;

  /** A machine whose engines take what was planned. */
  const machine = (totalBytes: number, contextSize: number) => {
    const staged: { lives: readonly Life[] } = { lives: [] };
    const used = () => staged.lives.filter(isGoing).length * need(contextSize);
    return { staged, memory: new MemoryDesk(() => totalBytes - used()), used };
  };

  it('is given up by the old instance where there is not enough for both', async () => {
    const { staged, memory, used } = machine(1.5 * need(2_048), 2_048);
    const { fleet, roster, lives } = startFleet(aDeployment({ contextSize: 2_048 }), [], { shelf, memory });
    staged.lives = lives;
    const { release } = await roster.acquire(aDeployment(), patience);
    const edited = aDeployment({ contextSize: 2_048, revision: 2, instanceRevision: 2 });
    fleet.want(edited);
    const all = await until(fleet, (kept) => kept.some(({ instance }) => instance.reason.includes('memory')));
    expect(all.map(({ instance }) => instance.state)).toContain('pending');
    await until(fleet, ([old]) => old?.instance.state === 'stopping');
    const waiting = roster.acquire(edited, patience);
    await settle();
    expect(lives.map(isGoing), 'its request runs').toEqual([true]);
    release();
    expect((await waiting).instance).toBe(fleet.keptOf(stagedId).at(-1)?.id);
    expect(lives.map(isGoing)).toEqual([false, true]);
    expect(used()).toBe(need(2_048));
    expect(fleet.keptOf(stagedId).at(-1)?.instance.failures).toBe(0);
  });

  it('is not given up for what would not fit anyway', async () => {
    const { staged, memory } = machine(1.5 * need(2_048), 2_048);
    const { fleet, lives } = startFleet(aDeployment({ contextSize: 2_048 }), [], { shelf, memory });
    staged.lives = lives;
    await until(fleet, allReady(1));
    fleet.want(aDeployment({ contextSize: 30_000_000, revision: 2, instanceRevision: 2 }));
    const [old, fresh] = await until(fleet, ([, second]) => second?.instance.state === 'failed');
    expect(fresh?.instance.reason).toContain('are free');
    await settle();
    expect(old?.instance.state).toBe('ready');
  });

  it('is promised once: of two that start at the same moment one is told that there is too little', async () => {
    const { staged, memory } = machine(1.5 * need(2_048), 2_048);
    const wish = aDeployment({ contextSize: 2_048, replicas: 2, restart: 'never' });
    const { fleet, lives } = startFleet(wish, ['never', 'never'], { shelf, memory });
    staged.lives = lives;
    const all = await until(fleet, (kept) => kept.some(({ instance }) => instance.state === 'failed'));
    expect(all.map(({ instance }) => instance.state).sort()).toEqual(['failed', 'starting']);
    expect(lives).toHaveLength(1);
  });
});

describe('devices', () => {
  const reason = 'no device has the labels that its placement asks for';

  it('that do not exist cost the old instance nothing', async () => {
    const { fleet } = startFleet(aDeployment(), [], {
      place: ({ revision }) => (revision === 1 ? { devices: ['cpu'] } : { reason }),
    });
    await until(fleet, allReady(1));
    fleet.want(aDeployment({ revision: 2, instanceRevision: 2 }));
    const [old] = await until(fleet, ([, fresh]) => fresh?.instance.reason === reason);
    await settle();
    expect(old?.instance.state).toBe('ready');
  });

  it('are waited for after a failure too, and taken when they are free', async () => {
    let isFree = true;
    const { fleet, lives } = startFleet(aDeployment(), [], {
      place: () => (isFree ? { devices: ['cuda:0'] } : { reason: 'it is cordoned' }),
    });
    await until(fleet, allReady(1));
    isFree = false;
    lives[0]?.crash();
    const [kept] = await until(fleet, ([each]) => each?.instance.state === 'pending');
    expect(kept?.instance).toMatchObject({ reason: 'it is cordoned', failures: 1 });
    isFree = true;
    fleet.lookAgain();
    await until(fleet, allReady(1));
  });
});

it('goes on moving though somebody who watches it stumbles, or another instance cannot be moved', async () => {
  let isPlaceable = false;
  const { fleet } = stageFleet([], {
    place: ({ id }) => {
      if (!isPlaceable && id === stagedId) throw new RangeError('what a day');
      return { devices: ['cpu'] };
    },
  });
  const other = 'dep_2' as DeploymentId;
  fleet.want(aDeployment());
  fleet.want(aDeployment({ id: other, name: 'other' }));
  fleet.subscribe(() => {
    throw new RangeError('what a listener');
  });
  fleet.start();
  await settle();
  expect(allReady(1)(fleet.keptOf(other))).toBe(true);
  isPlaceable = true;
  fleet.lookAgain();
  await until(fleet, allReady(1));
});
