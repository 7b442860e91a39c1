import { describe, expect, it } from 'vitest';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import type { Slot } from '../engine.ts';
import { planLlamaServer } from './launch.ts';

const spec: ModelSpec = {
  name: 'm',
  files: ['/m/a-00001.gguf', '/m/a-00002.gguf'],
  architecture: 'llama',
  trainedContext: 4096,
  vocabularySize: 10,
  bosToken: '',
  eosToken: '',
  specialTokens: [],
  sampling: {},
  sizeBytes: 5e9,
  kvBytesPerToken: 1,
};

const plan = (changes: Partial<Slot> = {}, model = spec) =>
  planLlamaServer(['/bin/llama-server'], model, {
    parallel: 4,
    gpu: 'auto',
    environment: { A: 'b' },
    passed: [],
    notes: [],
    devices: ['cpu'],
    address: { url: 'http://127.0.0.1:4711', token: 'secret' },
    ...changes,
  });

/** The value of a flag: the last one counts. */
const lastOf = (words: readonly string[], flag: string): string | undefined =>
  words.includes(flag) ? words[words.lastIndexOf(flag) + 1] : undefined;

describe('planLlamaServer', () => {
  it('keeps the secret out of the arguments', () => {
    const { arguments: words, environment } = plan();
    expect(words.join(' ')).not.toContain('secret');
    expect(environment).toMatchObject({ A: 'b', LLAMA_API_KEY: 'secret' });
  });

  it.each<readonly [string, Partial<Slot>, Readonly<Record<string, string | undefined>>]>([
    ['where to listen', {}, { '--host': '127.0.0.1', '--port': '4711', '--model': '/m/a-00001.gguf' }],
    ['the context of all requests', { contextSize: 1024 }, { '--ctx-size': '4096', '--parallel': '4' }],
    ['the trained context where none is wished', {}, { '--ctx-size': '16384' }],
    ['threads', { threads: 3 }, { '--threads': '3' }],
    ['layers', { gpuLayers: 7, devices: ['cuda:0'] }, { '--n-gpu-layers': '7', '--device': undefined }],
    ['all layers by silence', { gpuLayers: -1 }, { '--n-gpu-layers': undefined, '--threads': undefined }],
    ['the processor', {}, { '--device': 'none' }],
    ['the processor beside a GPU', { gpu: 'off', devices: ['cuda:0'] }, { '--device': 'none' }],
    ['what the person says last', { passed: ['--parallel', '9'] }, { '--parallel': '9' }],
  ])('says %s', (_, changes, expected) => {
    const { arguments: words } = plan(changes);
    for (const [flag, value] of Object.entries(expected)) expect(lastOf(words, flag), flag).toBe(value);
  });

  it.each<readonly [readonly string[], Readonly<Record<string, string>>]>([
    [['cuda:1', 'cuda:3'], { CUDA_VISIBLE_DEVICES: '1,3', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' }],
    [['rocm:0'], { HIP_VISIBLE_DEVICES: '0' }],
    [['metal:0'], {}],
    [['cpu'], {}],
  ])('shows the program only %j', (devices, expected) => {
    expect(plan({ devices }).environment).toEqual({ A: 'b', LLAMA_API_KEY: 'secret', ...expected });
  });

  it('computes a tiny model with one thread, unless it is told otherwise', () => {
    const tiny = { ...spec, sizeBytes: 5e6 };
    expect(lastOf(plan({}, tiny).arguments, '--threads')).toBe('1');
    expect(lastOf(plan({ threads: 4 }, tiny).arguments, '--threads')).toBe('4');
  });

  it('refuses devices of two kinds', () => {
    expect(() => plan({ devices: ['cuda:0', 'rocm:0'] })).toThrow(/of one kind/);
  });
});
