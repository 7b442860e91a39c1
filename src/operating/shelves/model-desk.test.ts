import { describe, expect, it } from 'vitest';
import { aDeployment } from '../../../test/fixtures/deployment.ts';
import type { ModelSource } from '../../fleet/model-source.ts';
import { loadCatalog } from '../../models/catalog/load-catalog.ts';
import type { DeploymentView } from '../fleet-control.ts';
import { createModelDesk } from './model-desk.ts';

const catalog = loadCatalog();

const viewOf = (source: ModelSource, verdict: 'proven' | 'failed'): DeploymentView => ({
  deployment: aDeployment({ source }),
  ...{ state: 'ready', reason: '', readyReplicas: 1, instances: [], warnings: [] },
  verdict: { verdict, format: 'hermes', weights: '', engine: '', steps: [], at: 0 },
});

async function entriesWith(freeBytes: number, deployments: readonly DeploymentView[] = []) {
  const desk = createModelDesk({
    hubs: { pick: () => Promise.reject(new RangeError('a hub was asked')) },
    catalog: () => catalog,
    freeBytes: () => freeBytes,
    deployments: () => deployments,
  });
  return desk.catalogue();
}

describe('the catalogue', () => {
  it('asks no hub, and says which variant fits this machine', async () => {
    const roomy = await entriesWith(2_000e9);
    expect(roomy.every(({ variants }) => variants.length > 0 && variants.every(({ fits }) => fits))).toBe(true);
    const tight = await entriesWith(3e9);
    const fitting = tight.filter(({ variants }) => variants.some(({ fits }) => fits));
    expect(fitting.length).toBeGreaterThan(0);
    expect(fitting.length).toBeLessThan(tight.length / 2);
    expect(fitting.every(({ parameterCount }) => parameterCount < 6e9)).toBe(true);
  });

  it('tells of tools what was seen here, else what is expected', async () => {
    const named = (entries: Awaited<ReturnType<typeof entriesWith>>, name: string) =>
      entries.find((entry) => entry.name === name)?.tools;
    const entry = catalog.entries.find(({ name }) => name === 'qwen3-8b');
    const repository = entry?.huggingFace?.repository ?? '';
    expect(named(await entriesWith(1), 'qwen3-8b')).toBe('expected');
    const byName = viewOf({ kind: 'catalogue', name: 'Qwen3-8B' }, 'failed');
    expect(named(await entriesWith(1, [byName]), 'qwen3-8b')).toBe('failed');
    const byHub = viewOf({ kind: 'hub', hub: 'huggingface', repository }, 'proven');
    expect(named(await entriesWith(1, [byName, byHub]), 'qwen3-8b')).toBe('proven');
    const bundled = catalog.entries.find(({ isBundled }) => isBundled);
    const nano = viewOf({ kind: 'bundled' }, 'proven');
    expect(named(await entriesWith(1, [nano]), bundled?.name ?? '')).toBe('proven');
  });

  it('offers each variant with a source that can be deployed as it is', async () => {
    for (const { name, variants } of await entriesWith(1)) {
      for (const { source, quantisation } of variants) {
        if (source.kind === 'bundled') continue;
        expect(source).toEqual({ kind: 'catalogue', name, quantisation });
      }
    }
  });
});
