import { describe, expect, it } from 'vitest';
import type { Device } from '../fleet/device.ts';
import { gpuRoom } from './gpu-room.ts';

const gibibyte = 2 ** 30;
const gpu = (id: string, memoryBytes: number, changes: Partial<Device> = {}): Device => ({
  ...{ id, kind: 'cuda', name: 'GPU', memoryBytes: memoryBytes * gibibyte },
  ...changes,
});
const devices: readonly Device[] = [
  { id: 'cpu', kind: 'cpu', name: 'CPU', memoryBytes: 64 * gibibyte },
  gpu('cuda:0', 80),
  gpu('cuda:1', 80, { memoryUsedBytes: 60 * gibibyte }),
  gpu('cuda:2', 24),
  gpu('metal:0', 64, { kind: 'metal', isUnified: true }),
];
const room = (name: 'vllm' | 'embedded', ids: readonly string[], usesGpu = true): number | undefined => {
  const bytes = gpuRoom({ name, usesGpu }, ids, devices);
  return bytes === undefined ? undefined : bytes / gibibyte;
};

describe('gpuRoom', () => {
  it.each<['vllm' | 'embedded', readonly string[], number]>([
    ['vllm', ['cuda:0'], 80 * 0.9 - 0.5],
    ['vllm', ['cuda:1'], 20 - 0.5],
    ['vllm', ['cuda:0', 'cuda:2'], 2 * (24 * 0.9 - 0.5)],
    ['vllm', ['cuda:0', 'cuda:1', 'cuda:2'], 3 * 19.5],
    ['embedded', ['cuda:0'], 79.5],
    ['embedded', ['cuda:0', 'cuda:2'], (79.5 + 23.5) / 1.02],
    ['embedded', ['cpu', 'cuda:2'], 23.5],
  ])('of %s on %j is that of its way to share', (name, ids, expected) => {
    expect(room(name, ids)).toBeCloseTo(expected, 6);
  });

  it.each<[string, readonly string[], boolean]>([
    ['the processor', ['cpu'], true],
    ['nothing', [], true],
    ['devices that are not there', ['cuda:9'], true],
    ['an engine that uses none', ['cuda:0'], false],
    ['memory that the processor shares', ['metal:0'], true],
  ])('is the machine’s for %s', (_, ids, usesGpu) => {
    expect(room('embedded', ids, usesGpu)).toBeUndefined();
  });

  it('is none where others have it all', () => {
    const full = gpu('cuda:0', 8, { memoryUsedBytes: 9 * gibibyte });
    expect(gpuRoom({ name: 'vllm', usesGpu: true }, ['cuda:0'], [full])).toBe(0);
  });
});
