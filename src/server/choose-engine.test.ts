/** Which engine is taken for what, and what is said where there is none. */

import { describe, expect, it } from 'vitest';
import { isAppError } from '../base/errors.ts';
import { embeddedEngine } from '../engines/embedded/embedded.ts';
import type { Engine, EngineKind } from '../engines/engine.ts';
import type { Device } from '../fleet/device.ts';
import type { InstalledEngine } from '../fleet/engine.ts';
import type { ModelSource } from '../fleet/model-source.ts';
import type { EngineWish } from '../operating/engines.ts';
import { createEngines, type EngineMaker } from './choose-engine.ts';

const { version: _, ...embeddedKind } = embeddedEngine;
const engineOf = (
  kind: Partial<EngineKind>,
  version: string,
  command: readonly string[] = [],
): Engine & { command: readonly string[] } => ({
  ...embeddedEngine,
  ...kind,
  version,
  command,
});
const makerOf = (name: 'vllm' | 'llama-box'): EngineMaker => ({
  kind: { ...embeddedKind, name },
  make: (command, version) => engineOf({ name }, version, command),
});

const gpu: Device = { id: 'cuda:0', kind: 'cuda', name: 'H200', memoryBytes: 1 };
const vllm = (change: Partial<InstalledEngine> = {}): InstalledEngine => ({
  ...{ id: 'eng_1', workerId: 'local', name: 'vllm', version: '0.32.0', origin: 'installed', command: ['python'] },
  ...{ state: 'ready', reason: '', installedAt: 1, accelerator: 'cuda' },
  ...change,
});
const llama = vllm({ name: 'llama-box', version: '5330', command: ['/usr/bin/llama-server'] });

interface Machine {
  readonly engines?: readonly InstalledEngine[] | undefined;
  readonly devices?: readonly Device[] | undefined;
  readonly hasLlamaProgram?: boolean;
}

const enginesOn = (machine: Machine) => {
  const { engines, devices, hasLlamaProgram = false } = { engines: [], devices: [], ...machine };
  return createEngines({
    embedded: embeddedEngine,
    openai: engineOf({ name: 'openai' }, 'chat'),
    vllm: makerOf('vllm'),
    llamaServer: makerOf('llama-box'),
    desk: { known: engines, hasLlamaProgram },
    accelerators: () => devices,
    isSafetensors: (path) => path.endsWith('-weights'),
  });
};

const gguf: ModelSource = { kind: 'local', path: '/models/a.gguf' };
const weights: ModelSource = { kind: 'local', path: '/models/a-weights' };
const hub: ModelSource = { kind: 'hub', hub: 'auto', repository: 'a/b' };
const remote: ModelSource = { kind: 'remote', url: 'http://host/v1', model: 'm' };

/** The engine's name and version, what it needs, or the error's field. */
const verdict = (machine: Machine, source: ModelSource, more: Partial<EngineWish> = {}): string => {
  try {
    const engines = enginesOn(machine);
    const wish: EngineWish = { backend: 'auto', source, ...more };
    engines.kind(wish);
    const chosen = engines.choose(wish);
    return 'needs' in chosen ? chosen.needs : `${chosen.name} ${chosen.version}`;
  } catch (thrown) {
    if (!isAppError(thrown)) throw thrown;
    return `${thrown.code} ${thrown.detail.param}`;
  }
};
const embedded = `embedded ${embeddedEngine.version}`;
const wrong = 'invalid_value backend';

describe('left to us', () => {
  it.each<[string, Machine, ModelSource, string]>([
    ['a GGUF file runs embedded', { engines: [vllm()], devices: [gpu] }, gguf, embedded],
    ['the bundled model runs embedded', { engines: undefined, devices: undefined }, { kind: 'bundled' }, embedded],
    ['a repository is taken as GGUF', { engines: [vllm()], devices: [gpu] }, hub, embedded],
    ['a remote model is asked there', {}, remote, 'openai chat'],
    ['safetensors run on vLLM where a GPU is', { engines: [vllm()], devices: [gpu] }, weights, 'vllm 0.32.0'],
    ['and are converted where none is', { engines: [vllm()] }, weights, embedded],
    ['or no vLLM', { devices: [gpu] }, weights, embedded],
    ['or none for GPUs', { engines: [vllm({ accelerator: 'cpu' })], devices: [gpu] }, weights, embedded],
    ['or only half of one', { engines: [vllm({ state: 'installing' })], devices: [gpu] }, weights, embedded],
  ])('%s', (_name, machine, source, expected) => {
    expect(verdict(machine, source)).toBe(expected);
  });

  it.each([{ devices: undefined }, { devices: [gpu], engines: undefined }])(
    'waits until it is known what there is: %j',
    (machine) => {
      expect(verdict(machine, weights)).toMatch(/^It is being looked/);
      expect(enginesOn(machine).kind({ backend: 'auto', source: weights }).name).toBe('embedded');
    },
  );
});

describe('vllm', () => {
  const backend = 'vllm';
  it.each<[string, readonly InstalledEngine[], Partial<EngineWish>, string | RegExp]>([
    ['the newest', [vllm({ version: '0.9.1' }), vllm(), vllm({ version: '0.32.0rc1' })], {}, 'vllm 0.32.0'],
    ['the one that is pinned', [vllm({ version: '0.9.1' }), vllm()], { engineVersion: '0.9.1' }, 'vllm 0.9.1'],
    ['the one that a setting names', [vllm({ version: '0.9', origin: 'configured' }), vllm()], {}, 'vllm 0.9'],
    [
      'none: says what it costs',
      [],
      {},
      /^needs-engine: vLLM is not installed.* aimindserve engine install vllm \(.*GB/,
    ],
    ['the pinned one is missing', [vllm()], { engineVersion: '0.1.0' }, /Installed: 0\.32\.0\..*--version 0\.1\.0/],
    ['one is on its way', [vllm({ state: 'installing', reason: 'Fetching' })], {}, /being installed \(Fetching\)/],
    ['a broken one', [vllm({ state: 'failed', origin: 'path', reason: 'It is broken.' })], {}, /It is broken\./],
  ])('%s', (_name, engines, more, expected) => {
    expect(verdict({ engines }, weights, { backend, ...more })).toMatch(expected);
  });

  it.each<[ModelSource, string]>([
    [gguf, wrong],
    [{ kind: 'bundled' }, wrong],
    [{ kind: 'url', url: 'http://a/b.gguf' }, wrong],
    [{ ...hub, quantisation: 'Q4_K_M' }, wrong],
    [hub, 'vllm 0.32.0'],
    [remote, wrong],
  ])('and %j', (source, expected) => {
    expect(verdict({ engines: [vllm()] }, source, { backend })).toBe(expected);
  });
});

describe('llama-box', () => {
  const backend = 'llama-box';
  it.each<[string, Machine, Partial<EngineWish>, string | RegExp]>([
    ['the embedded engine stands in', {}, {}, embedded],
    ['a program that is there', { engines: [llama], hasLlamaProgram: true }, {}, 'llama-box 5330'],
    [
      'one that cannot be used',
      { engines: [vllm({ ...llama, state: 'failed', reason: 'It died.' })], hasLlamaProgram: true },
      {},
      /^needs-engine: .*It died\./,
    ],
    [
      'another version',
      { engines: [llama], hasLlamaProgram: true },
      { engineVersion: '1' },
      /of version 1.*is version 5330/,
    ],
    ['not yet asked', { engines: undefined, hasLlamaProgram: true }, {}, /^It is being looked/],
  ])('%s', (_name, machine, more, expected) => {
    expect(verdict(machine, gguf, { backend, ...more })).toMatch(expected);
  });
});

it.each(['embedded', 'llama-box', 'vllm'] as const)('%s does not run what another server serves', (backend) => {
  expect(verdict({ hasLlamaProgram: true }, remote, { backend })).toBe(wrong);
});

it('openai runs nothing here', () => {
  expect(verdict({}, gguf, { backend: 'openai' })).toBe(wrong);
});

it('finds what started an instance, also after it was removed', () => {
  const engines = enginesOn({ engines: [] });
  expect(engines.find('vllm 0.31.0')).toMatchObject({ name: 'vllm', version: '0.31.0' });
  expect(engines.find('llama-box 5330 (abc)')).toMatchObject({ name: 'llama-box', version: '5330 (abc)' });
  expect(engines.find(embedded)).toBe(embeddedEngine);
  expect(engines.find('embedded llama.cpp 1.0.0')).toBeUndefined();
});

it('lets what was deployed in error wait, and says what is wrong', () => {
  const wish: EngineWish = { backend: 'vllm', source: gguf };
  expect(enginesOn({}).choose(wish)).toMatchObject({ needs: expect.stringContaining('is a GGUF file') });
});

it('makes one engine of one installation', () => {
  const engines = enginesOn({ engines: [vllm()] });
  const wish: EngineWish = { backend: 'vllm', source: weights };
  expect(engines.choose(wish)).toBe(engines.choose(wish));
});
