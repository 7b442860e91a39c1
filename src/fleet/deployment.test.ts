import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeSpec, type DeploymentSpec, deploymentSpecSchema, needsNewInstances } from './deployment.ts';

describe('needsNewInstances', () => {
  const full: DeploymentSpec = {
    ...completeSpec({ source: { kind: 'bundled' } }),
    placement: { devices: ['cpu'], labels: { a: '1', b: '2' } },
    environment: { A: '1', B: '2' },
    source: { kind: 'hub', hub: 'auto', repository: 'a/b', quantisation: 'Q4_K_M' },
    contextSize: 4096,
    threads: 2,
    gpuLayers: 1,
  };
  /** Another value of each field; a field that is not here was forgotten by this test. */
  const others: Required<DeploymentSpec> = {
    name: 'other',
    aliases: ['alias'],
    source: { kind: 'hub', hub: 'auto', repository: 'a/b', quantisation: 'Q8_0' },
    backend: 'llama-box',
    engineVersion: '2',
    toolCalls: 'engine',
    replicas: 7,
    placement: { devices: ['cpu'], labels: { a: '1', b: '3' } },
    categories: ['embedding'],
    contextSize: 8192,
    parallel: 3,
    threads: 4,
    gpu: 'off',
    gpuLayers: 2,
    backendParameters: ['--ctx-size', '512'],
    environment: { A: '1', B: '3' },
    sampling: { temperature: 0 },
    systemPrompt: 'Be brief.',
    chatTemplate: '{{ x }}',
    toolFormat: 'hermes',
    guarantee: 'off',
    restart: 'never',
    keepAliveSeconds: 5,
    limits: { concurrency: 1 },
    timeouts: { idle: 1 },
    description: 'text',
  };
  const starting = [
    'backend',
    'backendParameters',
    'contextSize',
    'engineVersion',
    'environment',
    'gpu',
    'gpuLayers',
    'parallel',
  ];
  const all = Object.keys(deploymentSpecSchema.properties).sort();

  it('asks for new ones for exactly what an engine is started with', () => {
    expect(Object.keys(others).sort()).toEqual(all);
    const needing = all.filter((field) => needsNewInstances(full, { ...full, ...pick(others, [field]) }));
    expect(needing).toEqual([...starting, 'placement', 'source', 'threads']);
  });

  it('does so for any of them together, in any order of fields, in depth too', () => {
    const property = fc.property(fc.subarray(all), fc.integer({ min: 1, max: 1_000 }), (fields, seed) => {
      const after = shuffled({ ...full, ...pick(others, fields) }, seed);
      const isNeeded = fields.some((field) => [...starting, 'placement', 'source', 'threads'].includes(field));
      expect(needsNewInstances(full, after)).toBe(isNeeded);
      expect(needsNewInstances(after, full)).toBe(isNeeded);
    });
    fc.assert(property, { seed: 11, numRuns: 200 });
  });

  it('takes a field that is away for another one than a field that is set', () => {
    const { contextSize, ...without } = full;
    expect(needsNewInstances(full, without)).toBe(true);
    expect(needsNewInstances(without, { ...without })).toBe(false);
  });
});

function pick(spec: DeploymentSpec, fields: readonly string[]): Partial<DeploymentSpec> {
  return Object.fromEntries(Object.entries(spec).filter(([field]) => fields.includes(field)));
}

/** The same with all objects' fields in another order. */
function shuffled<T>(value: T, seed: number): T {
  return JSON.parse(JSON.stringify(value), (_, each: unknown) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    const entries = Object.entries(each);
    const turn = seed % Math.max(1, entries.length);
    return Object.fromEntries([...entries.slice(turn), ...entries.slice(0, turn)]);
  });
}
