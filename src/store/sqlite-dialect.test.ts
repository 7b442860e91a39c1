/** Queries of many, and what else the process has to do. */

import { expect, it } from 'vitest';
import { newFolder, storeIn } from './fixtures/workshop.ts';
import { writeSetting } from './settings.ts';

it('lets others have their turn between queries that wait for each other', async () => {
  const { db } = await storeIn(newFolder());
  let turns = 0;
  let next: NodeJS.Immediate;
  const turn = (): void => {
    turns++;
    next = setImmediate(turn);
  };
  next = setImmediate(turn);
  await Promise.all(Array.from({ length: 20 }, (_, index) => writeSetting(db, `setting-${index}`, index)));
  clearImmediate(next);
  expect(turns).toBeGreaterThanOrEqual(19);
});
