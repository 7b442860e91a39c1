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
