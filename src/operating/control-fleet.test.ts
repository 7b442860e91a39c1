import { describe, expect, it } from 'vitest';
import { aDeployment } from '../../test/fixtures/deployment.ts';
import { systemClock } from '../base/clock.ts';
import { ConfigError, RequestError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import { readWishes } from '../engines/embedded/parameters.ts';
import { completeSpec, type DeploymentId } from '../fleet/deployment.ts';
import type { ModelFile } from '../fleet/download.ts';
import { createLogs } from '../runtime/logs.ts';
import { ChangeFeed } from './change-feed.ts';
import { type ControlParts, createFleetControl } from './control-fleet.ts';
import { DeviceDesk } from './device-desk.ts';
import { openMemoryStore } from './fixtures/memory-store.ts';
import { stageFleet } from './fixtures/staged-fleet.ts';
import { openRemoteKeys } from './remote-keys.ts';
import { ModelDownloads } from './shelves/model-downloads.ts';
import { OwnFiles } from './shelves/own-files.ts';

async function open(changes: Partial<ControlParts> = {}) {
  const db = await openMemoryStore();
  const { fleet, roster } = stageFleet();
  fleet.start();
  const others = new ChangeFeed(silentLog);
  const own = new OwnFiles([]);
  const discarded: string[] = [];
  const downloads = new ModelDownloads({
    isHere: () => false,
    judge: async () => {},
    plan: async () => ({ name: 'a/b', notes: [], files: [{ url: '', headers: {}, target: '/models/x.gguf' }] }),
    fetchFile: (_file, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
    arrived: async () => {},
    discard: async (target) => void discarded.push(target),
    newId: () => 'dl_1',
    clock: systemClock,
    changed: () => {},
  });
  let serial = 0;
  const control = createFleetControl({
    ...{ fleet, db, others, downloads, clock: systemClock, logs: createLogs('/nowhere') },
    newId: (prefix) => `${prefix}_${++serial}`,
    remoteKeys: await openRemoteKeys({ db, secretKey: new Uint8Array(32), clock: systemClock }),
    readWishes,
    formatOf: () => ({ name: 'hermes', evidence: 'it says so' }),
    verdictOf: () => undefined,
    doubtsOf: () => ['Its template is old.'],
    probe: () => Promise.reject(new RequestError('conflict', 'not now')),
    devices: new DeviceDesk({ db, workerId: 'local', read: async () => [], changed: () => {} }),
    files: {
      ...{ db, own, folder: '/models', places: [], memory: new Map(), workerId: 'local' },
      readLocal: () => undefined,
      expected: () => new Set<string>(),
    },
    estimate: {
      ...{ peek: () => undefined, catalog: () => ({ entries: [], templates: [] }), readWishes },
      ...{
        devices: async () => [],
        placeable: () => [],
        engine: () => ({ name: 'embedded', usesGpu: false }) as const,
      },
      ...{ freeBytes: () => 1, plan: () => Promise.reject(new RangeError('unused')) },
    },
    ...changes,
  });
  const ready = async (id: DeploymentId): Promise<void> => {
    const found = fleet.deployment(id) ?? aDeployment();
    (await roster.acquire(found, new AbortController().signal)).release();
  };
  return { control, fleet, own, downloads, discarded, ready };
}

const bundled = { source: { kind: 'bundled' } } as const;
const never = new AbortController().signal;

describe('createFleetControl', () => {
  it('knows a remote by its key, and tells its last characters alone', async () => {
    const { control } = await open({
      readWishes: () => ({ parallel: 1, gpu: 'off', environment: {}, passed: [], notes: [] }),
    });
    const source = { kind: 'remote', url: 'https://example.com/v1', model: 'm' } as const;
    const made = await control.create({ source, remoteKey: 'sk-0123456789abcdef' }, undefined);
    expect(made.remoteKeyHint).toBe('cdef');
    expect(JSON.stringify(made)).not.toContain('0123456789');
    expect((await control.estimate({ source }, never)).fits).toBe(true);
  });

  it('tells what has no effect among the warnings, before and after it runs', async () => {
    const { control, ready } = await open();
    const { deployment, warnings } = await control.create({ ...bundled, backendParameters: ['--jinja'] }, undefined);
    expect(warnings).toContainEqual(expect.stringContaining('--jinja has no effect'));
    await ready(deployment.id);
    expect(control.find(deployment.id)?.warnings).toEqual([
      expect.stringContaining('tokens of context'),
      expect.stringContaining('--jinja has no effect'),
      'Its template is old.',
    ]);
  });

  it('shows all deployments though one of them cannot be understood', async () => {
    let isBroken = false;
    const { control, fleet, ready } = await open({
      formatOf: (_, { name }) => {
        if (isBroken && name === 'odd') throw new ConfigError('invalid_config', 'There is no such format.');
        return { name: 'hermes', evidence: '' };
      },
    });
    const { deployment } = await control.create({ ...bundled, name: 'odd' }, undefined);
    await control.create({ ...bundled, name: 'well' }, undefined);
    await ready(deployment.id);
    isBroken = true;
    fleet.want({ ...deployment, backendParameters: ['--of-another-version'] });
    const views = control.deployments();
    expect(views).toHaveLength(2);
    expect(views[0]?.warnings).toContain('There is no such format.');
    expect(views[0]?.warnings).toContainEqual(expect.stringContaining("does not know '--of-another-version'"));
  });

  it('scales what others edit at the same moment', async () => {
    const { control } = await open();
    const { deployment } = await control.create(bundled, undefined);
    await Promise.all([
      control.scale(deployment.id, 0),
      control.edit(deployment.id, { ...completeSpec(bundled), description: 'mine' }),
      control.scale(deployment.id, 2),
    ]);
    expect(control.find(deployment.id)?.deployment).toMatchObject({ replicas: 2, description: 'mine', revision: 4 });
  });

  it('removes with its files what has come of a download, unless another deployment waits for the same', async () => {
    const { control, downloads, discarded } = await open();
    const source = { kind: 'hub', hub: 'auto', repository: 'a/b' } as const;
    const taking = downloads.take({ source, weights: 'gguf' }, () => {}, never);
    const failing = expect(taking).rejects.toThrow();
    const [one, two] = [
      await control.create({ source, name: 'one', replicas: 0 }, undefined),
      await control.create({ source, name: 'two', replicas: 0 }, undefined),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    await control.cancelDownload('dl_1');
    await failing;
    await control.remove(one.deployment.id, true);
    expect(discarded).toEqual([]);
    await control.remove(two.deployment.id, true);
    expect(discarded).toEqual(['/models/x.gguf']);
  });

  it('keeps the files that another deployment uses, however that names them', async () => {
    const { control, own } = await open();
    const source = { kind: 'hub', hub: 'auto', repository: 'a/b' } as const;
    const other = { ...source, hub: 'huggingface' } as const;
    const file: ModelFile = {
      ...{ id: 'mf_1', workerId: 'local', files: ['/models/x.gguf'], sizeBytes: 1, origin: 'own', name: 'x' },
      createdAt: 0,
    };
    own.add({ ...file, source });
    own.add({ ...file, id: 'mf_2', source: other });
    const one = await control.create({ source, name: 'one', replicas: 0 }, undefined);
    const two = await control.create({ source: other, name: 'two', replicas: 0 }, undefined);
    await control.remove(one.deployment.id, true);
    expect(own.all).toHaveLength(2);
    await control.remove(two.deployment.id, true);
    expect(own.all).toEqual([]);
  });

  it('knows no logs of runs that were not', async () => {
    const { control, ready } = await open();
    const { deployment } = await control.create(bundled, undefined);
    await ready(deployment.id);
    const [instance] = control.find(deployment.name)?.instances ?? [];
    if (instance === undefined) throw new RangeError('it has no instance');
    expect(control.instance(instance.id)).toEqual(instance);
    expect(await control.logRuns(instance.id)).toEqual([]);
    const lines: string[] = [];
    for await (const line of control.logs(instance.id, { lines: 5, follow: true, signal: never })) lines.push(line);
    expect(lines).toEqual([]);
  });

  it('passes on every change until nobody wants to hear of it', async () => {
    const { control } = await open();
    const seen: string[] = [];
    const end = control.subscribe(({ kind, type }) => seen.push(`${kind} ${type}`));
    const { deployment } = await control.create({ ...bundled, replicas: 0 }, undefined);
    await control.markDevice('cpu', { isCordoned: true });
    end();
    await control.remove(deployment.id, false);
    expect(seen).toEqual(['deployment created', 'device updated']);
  });
});
