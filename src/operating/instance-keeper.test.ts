import { describe, expect, it } from 'vitest';
import { scriptedClient, scriptedSpec } from '../../test/fixtures/scripted-engine.ts';
import { systemClock } from '../base/clock.ts';
import { ConfigError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import type { Engine, EngineClient } from '../engines/engine.ts';
import type { Deployment } from '../fleet/deployment.ts';
import type { InstanceId } from '../fleet/instance.ts';
import type { ProcessEnd } from '../runtime/runtime.ts';
import { InstanceKeeper } from './instance-keeper.ts';
import { createLocalRoster } from './local-roster.ts';

const deployment: Deployment = {
  names: ['one', 'two'],
  modelPath: '/m',
  engine: 'embedded',
  parallel: 1,
  gpu: 'off',
  createdAt: 0,
};

/** A process and a connection for each start, ended by the test. */
function stage(connects: ReadonlyArray<'well' | 'badly' | 'never'>, plan?: () => never) {
  const lives: Array<{ client: EngineClient; crash: () => void; stopped: boolean }> = [];
  const runtime = {
    start() {
      const life = { client: scriptedClient([], true).client, crash: () => {}, stopped: false };
      const end: ProcessEnd = { code: null, signal: 'SIGKILL', killed: false, logTail: 'last words' };
      const ended = new Promise<ProcessEnd>((resolve) => {
        life.crash = () => resolve(end);
      });
      life.client = { ...life.client, closed: ended.then(() => 'gone') };
      lives.push(life);
      const stop = async () => {
        life.stopped = true;
        life.crash();
        return ended;
      };
      return { pid: lives.length, ended, stop };
    },
  };
  const engine: Engine = {
    name: 'staged',
    plan: plan ?? (() => ({ command: '/bin/true', arguments: [], environment: {}, input: '' })),
    connect: async (_address, signal) => {
      const life = lives.at(-1);
      const outcome = connects[lives.length - 1] ?? 'well';
      if (outcome === 'never')
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      if (outcome === 'badly' || life === undefined) throw new ConfigError('model_unusable', 'The weights are broken.');
      return life.client;
    },
  };
  const keeper = new InstanceKeeper({
    id: 'i' as InstanceId,
    deployment,
    spec: scriptedSpec(''),
    engine,
    runtime,
    newAddress: () => ({ socketPath: '/s', token: 't' }),
    clock: systemClock,
    log: silentLog,
  });
  return { keeper, lives };
}

const patience = new AbortController().signal;

describe('InstanceKeeper', () => {
  it('starts, is ready, and gives its client', async () => {
    const { keeper, lives } = stage([]);
    expect(keeper.instance.state).toBe('pending');
    keeper.start();
    await keeper.firstReady(patience);
    expect(keeper.instance.state).toBe('ready');
    expect(await keeper.ready(patience)).toBe(lives[0]?.client);
    await keeper.close();
    expect(keeper.instance.state).toBe('stopped');
    expect(lives[0]?.stopped).toBe(true);
  });

  it('starts again after a crash, and who waits gets the new client', async () => {
    const { keeper, lives } = stage([]);
    keeper.start();
    await keeper.firstReady(patience);
    lives[0]?.crash();
    await lives[0]?.client.closed;
    await expect.poll(() => lives.length).toBe(2);
    expect(await keeper.ready(patience)).toBe(lives[1]?.client);
    await keeper.close();
  });

  it('tells the first start why it failed', async () => {
    const { keeper } = stage(['badly']);
    keeper.start();
    await expect(keeper.firstReady(patience)).rejects.toMatchObject({ code: 'model_unusable' });
    await keeper.close();
  });

  it('tells it too when there is not even a plan', async () => {
    const { keeper } = stage([], () => {
      throw new ConfigError('device_unavailable', 'No GPU.');
    });
    keeper.start();
    await expect(keeper.firstReady(patience)).rejects.toMatchObject({ code: 'device_unavailable' });
    await keeper.close();
  });

  it('refuses requests while it keeps failing, with a time to come back', async () => {
    const { keeper } = stage(['badly', 'badly', 'badly', 'badly']);
    keeper.start();
    await expect.poll(() => keeper.instance.failures).toBe(2);
    await expect(keeper.ready(patience)).rejects.toMatchObject({
      code: 'model_failed',
      status: 503,
      detail: { retryAfter: 1 },
    });
    await keeper.close();
  });

  it('ends a start that is under way, and those who wait for it', async () => {
    const { keeper, lives } = stage(['never']);
    keeper.start();
    await expect.poll(() => lives.length).toBe(1);
    const waiting = expect(keeper.ready(patience)).rejects.toMatchObject({ code: 'shutting_down' });
    await keeper.close();
    await waiting;
    expect(lives[0]?.stopped).toBe(true);
  });

  it('lets one who gives up waiting go', async () => {
    const { keeper } = stage(['never']);
    keeper.start();
    await expect(keeper.ready(AbortSignal.timeout(10))).rejects.toMatchObject({ name: 'TimeoutError' });
    await keeper.close();
  });
});

describe('createLocalRoster', () => {
  it('finds a deployment by each of its names and acquires its client', async () => {
    const { keeper, lives } = stage([]);
    keeper.start();
    const roster = createLocalRoster([keeper]);
    expect(roster.find('two')).toBe(deployment);
    expect(roster.find('three')).toBeUndefined();
    expect(await roster.acquire(deployment, patience)).toMatchObject({ instance: 'i', client: lives[0]?.client });
    await keeper.close();
  });
});
