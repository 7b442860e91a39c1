/** What an earlier server left in the database, and what becomes of it. */

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aDeployment } from '../../test/fixtures/deployment.ts';
import { randomHex, systemClock } from '../base/clock.ts';
import { UnavailableError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import { completeSpec, type DeploymentId } from '../fleet/deployment.ts';
import { type Instance, type InstanceId, type InstanceState, newInstance } from '../fleet/instance.ts';
import type { RunRecord, Runtime } from '../runtime/run.ts';
import { insertDeployment } from '../store/deployments.ts';
import { listInstances, saveInstance } from '../store/instances.ts';
import { openMemoryStore } from './fixtures/memory-store.ts';
import { settle } from './fixtures/staged-fleet.ts';
import { openFleet } from './open-fleet.ts';

const left = (id: string, deploymentId: string, state: InstanceState): Instance => ({
  ...newInstance(
    { id: id as InstanceId, deploymentId: deploymentId as DeploymentId, workerId: 'local', revision: 1 },
    0,
  ),
  state,
  run: 2,
});

const noteOf = (id: string, socketPath: string) => ({
  run: {
    ...{ instanceId: id, run: 2, guardPid: 5, guardStartTime: 'a', enginePid: 6, engineStartTime: 'b' },
    ...{ socketPath: '/guard', token: `token of ${id}`, startedAt: 7 },
  },
  address: { socketPath, token: 't' },
  engine: 'embedded 1',
  source: { kind: 'bundled' },
  command: [],
});

const none = (): never => {
  throw new UnavailableError('model_failed', 'There is no engine.');
};

async function open() {
  const db = await openMemoryStore();
  const dataFolder = mkdtempSync(join(tmpdir(), 'open-fleet-'));
  onTestFinished(() => rmSync(dataFolder, { recursive: true, force: true }));
  const known: RunRecord[] = [];
  const adopted: string[] = [];
  const runtime: Runtime = {
    start: () => Promise.reject(new UnavailableError('disk_full', 'There is no room for a process.')),
    adopt: async ({ instanceId }) => {
      adopted.push(instanceId);
      return undefined;
    },
    endOf: () => undefined,
    strays: async (records) => void known.push(...records),
  };
  const begin = async () => {
    const opened = await openFleet({
      ...{ db, dataFolder, runtime, clock: systemClock, randomHex, log: silentLog },
      engines: { kind: none, choose: none, find: none },
      remoteKey: async () => '',
      shelf: {
        peek: () => undefined,
        take: (_source, _tell, signal) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
      },
      allow: async () => {},
      inspect: async () => {},
      devices: () => [{ id: 'cpu', isCordoned: false, labels: {} }],
      readDevices: async () => [],
    });
    onTestFinished(() => opened.close());
    return opened;
  };
  const socket = (name: string): string => join(dataFolder, 'sockets', name);
  mkdirSync(join(dataFolder, 'sockets'));
  return { db, known, adopted, begin, socket };
}

describe('openFleet', () => {
  it('adopts what runs for what is deployed, and has everything else ended', async () => {
    const { db, known, adopted, begin, socket } = await open();
    await insertDeployment(db, aDeployment());
    for (const name of ['ours', 'orphan', 'nobody']) writeFileSync(socket(name), '');
    await saveInstance(db, left('ins_1', 'dep_1', 'ready'), noteOf('ins_1', socket('ours')));
    await saveInstance(db, left('ins_2', 'dep_gone', 'ready'), noteOf('ins_2', socket('orphan')));
    await saveInstance(db, left('ins_3', 'dep_1', 'ready'), { run: 'nonsense' });
    await saveInstance(db, left('ins_4', 'dep_1', 'fetching'), null);
    await saveInstance(db, left('ins_5', 'dep_1', 'failed'), null);
    const { fleet, start } = await begin();
    await start();
    expect(known.map(({ instanceId }) => instanceId)).toEqual(['ins_1']);
    expect(['ours', 'orphan', 'nobody'].filter((name) => existsSync(socket(name)))).toEqual(['ours']);
    await settle();
    expect(adopted).toEqual(['ins_1']);
    const ids = fleet.kept.map(({ id }) => id);
    expect(ids).toContain('ins_1');
    for (const id of ['ins_2', 'ins_3', 'ins_4']) expect(ids).not.toContain(id);
    const written = (await listInstances(db)).map(({ instance }) => instance.id);
    for (const id of ['ins_2', 'ins_3', 'ins_4']) expect(written).not.toContain(id);
  });

  it('writes nothing of what the command line declares', async () => {
    const { db, begin } = await open();
    const { fleet, declare, start, close } = await begin();
    const declared = declare(completeSpec({ source: { kind: 'bundled' } }), false);
    expect(declared).toMatchObject({ declaredBy: 'command-line', revision: 1 });
    await start();
    await settle();
    expect(fleet.keptOf(declared.id)).toHaveLength(1);
    await close();
    expect(await listInstances(db)).toEqual([]);
  });

  it('refuses a declaration whose name is taken, naming both', async () => {
    const { db, begin } = await open();
    await insertDeployment(db, aDeployment({ name: 'stored', aliases: ['gpt-4o'] }));
    const { declare } = await begin();
    const spec = completeSpec({ source: { kind: 'bundled' }, aliases: ['gpt-4o'] });
    expect(() => declare(spec, false)).toThrow(/'gpt-4o' .*'stored' \(dep_1\)/);
  });
});
