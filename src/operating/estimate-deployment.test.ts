import { describe, expect, it } from 'vitest';
import { scriptedSpec } from '../../test/fixtures/scripted-engine.ts';
import { readWishes } from '../engines/embedded/parameters.ts';
import { completeSpec, type DeploymentWish } from '../fleet/deployment.ts';
import { loadCatalog } from '../models/catalog/load-catalog.ts';
import { type EstimateWorld, estimateDeployment } from './estimate-deployment.ts';

const gigabyte = 1_000_000_000;
const spec = { ...scriptedSpec('{{ tools }}'), trainedContext: 32_768, kvBytesPerToken: 1_000, sizeBytes: gigabyte };
const noHub = () => Promise.reject(new RangeError('a hub was asked'));

function estimate(wish: DeploymentWish, changes: Partial<EstimateWorld> = {}) {
  const world: EstimateWorld = {
    peek: () => undefined,
    catalog: () => loadCatalog(),
    plan: noHub,
    readWishes,
    devices: async () => [],
    placeable: () => [],
    engine: () => ({ name: 'embedded', usesGpu: false }),
    freeBytes: () => 16 * gigabyte,
    ...changes,
  };
  return estimateDeployment(completeSpec(wish), world, new AbortController().signal);
}

const here = { peek: () => spec };
const hub: DeploymentWish['source'] = { kind: 'hub', hub: 'auto', repository: 'a/b-GGUF' };
const planOf = (file: object, quantisation?: string) => async () => ({
  name: 'a/b-GGUF',
  notes: [],
  files: [{ url: '', headers: {}, target: '/m/b-14B-Q8_0.gguf', ...file }],
  ...(quantisation !== undefined && { quantisation }),
});

describe('estimateDeployment', () => {
  it('reads the header of what is here, and counts as it would be started', async () => {
    const one = await estimate({ source: hub, contextSize: 1_024, parallel: 1 }, here);
    expect(one).toMatchObject({ fits: true, isApproximate: false, weightsBytes: gigabyte, cacheBytes: 1_024_000 });
    const four = await estimate({ source: hub, backendParameters: ['-c', '2048', '--parallel=4'] }, here);
    expect(four).toMatchObject({ cacheBytes: 4 * 2_048_000, contextPerRequest: 2_048 });
    const none = await estimate({ source: hub, contextSize: 32_768 }, { ...here, freeBytes: () => gigabyte / 2 });
    expect(none).toMatchObject({ fits: false, contextPerRequest: 0, freeBytes: gigabyte / 2 });
  });

  it('counts the memory of the GPUs that it would get, not the machine’s', async () => {
    const gpu = (id: string, memoryUsedBytes = 0) =>
      ({ id, kind: 'cuda', name: 'GPU', memoryBytes: 24 * 2 ** 30, memoryUsedBytes }) as const;
    const onGpus = {
      ...here,
      freeBytes: () => gigabyte,
      devices: async () => [gpu('cuda:0'), gpu('cuda:1', 20 * 2 ** 30)],
      engine: () => ({ name: 'vllm', usesGpu: true }) as const,
      placeable: () => ['cpu', 'cuda:0', 'cuda:1'].map((id) => ({ id, isCordoned: false, labels: {} })),
    };
    const one = await estimate({ source: hub }, onGpus);
    expect(one).toMatchObject({ fits: true, freeBytes: Math.floor(24 * 0.9 * 2 ** 30 - 2 ** 29) });
    const two = await estimate({ source: hub, placement: { devices: ['cuda:0', 'cuda:1'] } }, onGpus);
    expect(two.freeBytes, 'each has an equal part').toBe(2 * 3.5 * 2 ** 30);
    const none = await estimate({ source: hub, gpu: 'off' }, onGpus);
    expect(none).toMatchObject({ fits: false, freeBytes: gigabyte });
  });

  it('warns of a small context where the template knows tools, and only there', async () => {
    const small = { source: hub, contextSize: 4_096 };
    const withTools = await estimate(small, here);
    expect(withTools.advice.join(' ')).toContain('with tools, fewer than 16384');
    const plain = { peek: () => ({ ...spec, template: '{{ messages }}' }) };
    expect((await estimate(small, plain)).advice.join(' ')).not.toContain('tools');
    expect((await estimate({ ...small, chatTemplate: '{{ tools }}' }, plain)).advice.join(' ')).toContain('with tools');
  });

  it('needs no hub for a model of the catalogue', async () => {
    const found = await estimate({ source: { kind: 'catalogue', name: 'qwen3-8b' } });
    expect(found).toMatchObject({ isApproximate: true });
    expect(found.weightsBytes).toBeGreaterThan(4 * gigabyte);
    const smaller = await estimate({ source: { kind: 'catalogue', name: 'Qwen3-8B', quantisation: 'Q2_K' } });
    expect(smaller.weightsBytes).toBeLessThan(found.weightsBytes);
    await expect(estimate({ source: { kind: 'catalogue', name: 'no such' } })).rejects.toThrow('a hub was asked');
  });

  it('takes from a hub the size, and from the name of the file how it is quantised', async () => {
    const sizeBytes = 15 * gigabyte;
    const byFile = await estimate({ source: hub }, { plan: planOf({ sizeBytes }), freeBytes: () => 99 * gigabyte });
    const byName = await estimate(
      { source: hub },
      { plan: planOf({ sizeBytes }, 'Q2_K'), freeBytes: () => 99 * gigabyte },
    );
    expect(byFile).toMatchObject({ isApproximate: true, weightsBytes: sizeBytes });
    // The same bytes at two bits are a model of more parameters, with a larger cache.
    expect(byName.cacheBytes).toBeGreaterThan(byFile.cacheBytes);
  });

  it('says so where nobody knows how large a file is', async () => {
    const work = estimate({ source: { kind: 'url', url: 'https://x/y.gguf' } }, { plan: planOf({}) });
    await expect(work).rejects.toMatchObject({ code: 'conflict', detail: { param: 'source' } });
  });
});
