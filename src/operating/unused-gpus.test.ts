import { expect, it } from 'vitest';
import type { Device } from '../fleet/device.ts';
import { describeUnusedGpus } from './unused-gpus.ts';

const device = (kind: Device['kind'], name: string): Device => ({ id: `${kind}:0`, kind, name, memoryBytes: 1 });

it('names each kind of GPU once, with the command that makes it used', () => {
  const said = describeUnusedGpus([device('cuda', 'H200'), device('cuda', 'H200'), device('rocm', 'MI300')]);
  expect(said).toHaveLength(2);
  expect(said[0]).toMatch(/^GPU not used: H200 is there.*: aimindserve engine install llama --cuda \(/);
  expect(said[1]).toContain('MI300');
  expect(said[1]).toContain('--vulkan');
});

it('says nothing where there is none, or nothing that could be done', () => {
  expect(describeUnusedGpus([])).toEqual([]);
  expect(describeUnusedGpus([device('ascend', '910B')])).toEqual([]);
});
