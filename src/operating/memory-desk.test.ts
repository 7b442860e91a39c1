import { describe, expect, it } from 'vitest';
import { scriptedSpec } from '../../test/fixtures/scripted-engine.ts';
import type { InstanceId } from '../fleet/instance.ts';
import { estimateMemory } from '../models/estimate-memory.ts';
import { MemoryDesk } from './memory-desk.ts';

const spec = { ...scriptedSpec(''), trainedContext: 32_768, kvBytesPerToken: 100_000, sizeBytes: 1_000_000_000 };
const wish = { contextSize: 4_096, parallel: 1 };
const need = estimateMemory(spec, 4_096, 1).totalBytes;
const one = 'ins_1' as InstanceId;
const two = 'ins_2' as InstanceId;

/** A desk, and the memory that programs take and give back. */
function open(totalBytes: number) {
  let takenBytes = 0;
  const desk = new MemoryDesk(() => totalBytes - takenBytes);
  return {
    desk,
    take: (bytes: number) => {
      takenBytes += bytes;
    },
  };
}

describe('MemoryDesk', () => {
  it('promises no byte twice, whether or not the first has taken it', () => {
    const { desk, take } = open(1.5 * need);
    expect(desk.promise(one, spec, wish)).toBe(4_096);
    expect(() => desk.promise(two, spec, wish)).toThrow('are free');
    take(need / 2);
    expect(desk.freeBytes).toBe(0.5 * need);
    take(need / 2);
    expect(() => desk.promise(two, spec, wish)).toThrow('are free');
    desk.settle(one, spec, wish);
    expect(desk.freeBytes).toBe(0.5 * need);
  });

  it('counts no byte twice against the second either', () => {
    const { desk, take } = open(2.1 * need);
    desk.promise(one, spec, wish);
    take(need);
    expect(desk.promise(two, spec, wish)).toBe(4_096);
    desk.settle(one, spec, wish);
    expect(desk.freeBytes).toBeCloseTo(0.1 * need, -2);
  });

  it('has it again when one has failed or ended', () => {
    const { desk, take } = open(1.5 * need);
    desk.promise(one, spec, wish);
    desk.giveBack(one);
    expect(desk.freeBytes).toBe(1.5 * need);
    desk.promise(two, spec, wish);
    take(need);
    desk.settle(two, spec, wish);
    take(-need);
    desk.giveBack(two);
    expect(desk.freeBytes).toBe(1.5 * need);
  });

  it('notices what other programs take', () => {
    const { desk, take } = open(3 * need);
    desk.promise(one, spec, wish);
    take(2.5 * need);
    expect(desk.freeBytes).toBe(0.5 * need);
  });

  it('says what there would be if some were gone, also those that an earlier server started', () => {
    const { desk, take } = open(1.5 * need);
    take(need);
    desk.settle(one, spec, wish);
    expect(desk.offer(spec, wish, [])).toBe(0);
    expect(desk.offer(spec, wish, [one])).toBe(4_096);
    expect(desk.offer(spec, wish, [two])).toBe(0);
    const less = desk.offer(spec, { parallel: 1 }, [one]);
    expect(less).toBeGreaterThan(4_096);
  });

  it('charges the machine nothing for what lies on accelerators, and promises what those have', async () => {
    const gpu = { id: 'cuda:0', kind: 'cuda', name: 'GPU', memoryBytes: 4 * need } as const;
    const desk = new MemoryDesk(
      () => need / 2,
      async () => [gpu],
    );
    const engine = { name: 'embedded', usesGpu: true } as const;
    expect(await desk.roomOn(engine, ['cpu'])).toEqual({});
    expect(await desk.roomOn({ ...engine, usesGpu: false }, ['cuda:0'])).toEqual({});
    const room = await desk.roomOn(engine, ['cuda:0']);
    expect(desk.offer(spec, { ...wish, ...room }, [])).toBe(4_096);
    expect(desk.promise(one, spec, { ...wish, ...room })).toBe(4_096);
    desk.settle(one, spec, { ...wish, ...room });
    expect(desk.freeBytes).toBe(need / 2);
    expect(() => desk.promise(two, spec, wish), 'on the processor it does not fit').toThrow('are free');
    expect(() => desk.promise(two, spec, { ...wish, gpuBytes: need - 1 })).toThrow('are free');
  });
});
