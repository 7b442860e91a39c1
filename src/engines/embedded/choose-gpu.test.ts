import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { chooseGpu } from './choose-gpu.ts';
import { findGpuLibraries, type GpuLibraries } from './gpu-libraries.ts';
import { packageVersion } from './library-version.ts';
import { describeOffload, planOffload } from './offload.ts';
import type { GpuSettings } from './settings.ts';

const cuda: GpuLibraries = { accelerator: 'cuda', folder: '/cuda', runtimeFolders: ['/blas', '/rt'] };
const vulkan: GpuLibraries = { accelerator: 'vulkan', folder: '/vulkan', runtimeFolders: [] };
const wish = (changes: object = {}) => ({ gpu: 'auto', devices: ['cuda:0'], environment: {}, ...changes }) as const;

describe('chooseGpu', () => {
  it.each<[string, object, readonly GpuLibraries[], string | undefined]>([
    ['the processor where nothing is installed', {}, [], undefined],
    ['what was made for the device', {}, [cuda, vulkan], 'cuda'],
    ['Vulkan for every GPU', { devices: ['rocm:1'] }, [cuda, vulkan], 'vulkan'],
    ['the processor where that was given', { devices: ['cpu'] }, [cuda], undefined],
    ['the processor where it is wished', { gpu: 'off' }, [cuda], undefined],
    ['the processor for no layers', { gpuLayers: 0 }, [cuda], undefined],
    ['what is named, whatever device was given', { gpu: 'vulkan', devices: ['cpu'] }, [cuda, vulkan], 'vulkan'],
  ])('takes %s', (_, changes, installed, accelerator) => {
    expect(chooseGpu(wish(changes), installed)?.settings.accelerator).toBe(accelerator);
  });

  it('refuses what is named and not there, with the command that mends it', () => {
    expect(() => chooseGpu(wish({ gpu: 'cuda' }), [vulkan])).toThrow(/: aimindserve engine install llama --cuda$/);
  });

  it('hands over the split, and shows the process its devices and libraries only', () => {
    const gpuSplit = { mode: 'row', shares: [3, 1] } as const;
    const environment = { LD_LIBRARY_PATH: '/mine' };
    const chosen = chooseGpu(wish({ devices: ['cuda:2', 'cuda:0'], gpuSplit, gpuLayers: 12, environment }), [cuda]);
    expect(chosen).toEqual({
      settings: {
        ...{ accelerator: 'cuda', folder: '/cuda', isWished: false, layers: 12 },
        ...{ splitMode: 'row', shares: [3, 1], main: 0 },
      },
      environment: {
        LD_LIBRARY_PATH: '/cuda:/blas:/rt:/mine',
        CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
        CUDA_VISIBLE_DEVICES: '2,0',
      },
    });
    expect(chooseGpu(wish(), [vulkan])?.environment).toEqual({ LD_LIBRARY_PATH: '/vulkan' });
  });
});

describe('findGpuLibraries', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aimindserve-libraries-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, manifest: unknown) => {
    mkdirSync(join(folder, 'llama-libraries', name), { recursive: true });
    writeFileSync(join(folder, 'llama-libraries', name, 'manifest.json'), JSON.stringify(manifest));
  };

  it('finds whole installations of the version that is known, the better first', () => {
    expect(findGpuLibraries(join(folder, 'nowhere'))).toEqual([]);
    const whole = { version: packageVersion, folder: '/x', runtimeFolders: ['/y'], libraries: [] };
    put('a', { ...whole, accelerator: 'vulkan' });
    put('b', { ...whole, accelerator: 'cuda', version: `${packageVersion}-cuda` });
    put('c', { ...whole, accelerator: 'cuda', folder: '/second' });
    put('d', { ...whole, accelerator: 'metal', version: '3.21.1' });
    put('e', { ...whole, accelerator: 'magic' });
    put('f', 'nonsense');
    put('g', { ...whole, accelerator: 'metal', runtimeFolders: [1] });
    expect(findGpuLibraries(folder)).toEqual([
      { accelerator: 'cuda', folder: '/x', runtimeFolders: ['/y'] },
      { accelerator: 'vulkan', folder: '/x', runtimeFolders: ['/y'] },
    ]);
  });
});

describe('planOffload', () => {
  const library = (...names: string[]) => ({ gpus: () => names, maxDevices: () => 16 });
  const gpu: GpuSettings = {
    ...{ accelerator: 'cuda', folder: '/cuda', isWished: true, layers: -1, splitMode: 'layer', shares: [], main: 0 },
  };

  it('leaves all to the processor where no GPU is wished, or none is found for who can do without', () => {
    expect(planOffload(library('A'), null).params).toEqual({ n_gpu_layers: 0 });
    expect(planOffload(library(), { ...gpu, isWished: false }).params).toEqual({ n_gpu_layers: 0 });
    expect(describeOffload(library(), { ...gpu, isWished: false }, 24)).toMatchObject({ gpus: [], layers: 0 });
    expect(describeOffload(library('A'), null, 24)).toBeUndefined();
  });

  it('says which driver to look for where a GPU is a must', () => {
    expect(() => planOffload(library(), gpu)).toThrow('nvidia-smi');
  });

  it('puts the shares where native code reads as many as there can be devices', () => {
    const { params, held } = planOffload(library('A', 'B'), { ...gpu, shares: [3, 1], splitMode: 'row', main: 1 });
    expect(params).toMatchObject({ n_gpu_layers: -1, split_mode: 2, main_gpu: 1, tensor_split: expect.any(BigInt) });
    expect(Array.from(new Float32Array(held[0] ?? new ArrayBuffer(0)))).toEqual([3, 1, ...new Array(14).fill(0)]);
    expect(planOffload(library('A'), gpu).params).not.toHaveProperty('tensor_split');
  });

  it.each([
    [{ main: 2 }, '--main-gpu 2 is not there: 2 GPUs'],
    [{ shares: [1, 1, 1] }, '--tensor-split names 3 shares'],
  ])('refuses %j for two GPUs', (changes, message) => {
    expect(() => planOffload(library('A', 'B'), { ...gpu, ...changes })).toThrow(message);
  });

  it('counts the layers that lie on GPUs, the output as one', () => {
    expect(describeOffload(library('A', 'B'), gpu, 24)).toMatchObject({ gpus: ['A', 'B'], layers: 25, allLayers: 25 });
    expect(describeOffload(library('A', 'B'), { ...gpu, layers: 10, splitMode: 'none', main: 1 }, 24)).toMatchObject({
      gpus: ['B'],
      layers: 10,
    });
    expect(describeOffload(library('A'), { ...gpu, layers: 99 }, 24)?.layers).toBe(25);
  });
});
