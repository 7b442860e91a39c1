/** What is read of the machine's devices, and how often. */

import { expect, it } from 'vitest';
import { newFolder, storeIn } from '../store/fixtures/workshop.ts';
import { DeviceDesk } from './device-desk.ts';

it('reads once for all who ask at the same time, and anew for those who come later', async () => {
  const { db } = await storeIn(newFolder());
  let readings = 0;
  const read = async () => {
    readings++;
    await new Promise((resolve) => setImmediate(resolve));
    if (readings === 2) throw new RangeError('a broken tool');
    return [];
  };
  const desk = new DeviceDesk({ db, workerId: 'local', read, changed: () => {} });
  await Promise.all(Array.from({ length: 5 }, () => desk.view([])));
  expect(readings).toBe(1);
  await expect(desk.view([])).rejects.toThrow('a broken tool');
  await desk.view([]);
  expect(readings).toBe(3);
});

it('keeps what people say of a device, and tells it to placements and lists', async () => {
  const { db } = await storeIn(newFolder());
  const read = async () => [{ id: 'cuda:0', kind: 'cuda', name: 'a GPU', memoryBytes: 8e9 } as const];
  const open = async () => {
    const desk = new DeviceDesk({ db, workerId: 'local', read, changed: () => {} });
    await desk.open();
    return desk;
  };
  const desk = await open();
  await desk.mark('cuda:0', { labels: { tier: 'fast' } });
  await desk.mark('cuda:0', { isCordoned: true });
  await expect(desk.mark('cuda:1', { isCordoned: true })).rejects.toMatchObject({ code: 'not_found' });
  const marks = { id: 'cuda:0', isCordoned: true, labels: { tier: 'fast' } };
  expect(desk.placeableFor({ placement: { labels: { tier: 'fast' } } }, false)).toContainEqual({
    ...marks,
    freeBytes: 8e9,
  });
  expect(await (await open()).view([])).toEqual([expect.objectContaining({ ...marks, instances: [] })]);
});

it('does not know where an engine for GPUs goes before the devices were read, and says when it does', async () => {
  const { db } = await storeIn(newFolder());
  const cpu = { id: 'cpu', kind: 'cpu', name: 'a processor', memoryBytes: 8e9 } as const;
  const gpu = { id: 'cuda:0', kind: 'cuda', name: 'a GPU', memoryBytes: 8e9, memoryUsedBytes: 3e9 } as const;
  let learnt = (): void => {};
  const known = new Promise<void>((resolve) => {
    learnt = resolve;
  });
  const desk = new DeviceDesk({ db, workerId: 'local', read: async () => [cpu, gpu], changed: () => learnt() });
  expect(desk.placeableFor({ placement: {} }, false)).toHaveLength(1);
  expect(desk.placeableFor({ placement: {} }, true)).toBeUndefined();
  await known;
  expect(desk.placeableFor({ placement: {} }, true)).toEqual([
    { id: 'cpu', isCordoned: false, labels: {} },
    { id: 'cuda:0', isCordoned: false, labels: {}, freeBytes: 5e9 },
  ]);
});
