/** Others get in between calls that all came at once. */

import { expect, it } from 'vitest';
import { Lane } from './lane.ts';

it('lets what else is ready go between two calls, and keeps their order', async () => {
  const lane = new Lane();
  const seen: string[] = [];
  const other = (left: number): void => {
    seen.push('other');
    if (left > 1) setImmediate(() => other(left - 1));
  };
  setImmediate(() => other(3));
  await Promise.all(['a', 'b', 'c'].map((name) => lane.turn().then(() => seen.push(name))));
  expect(seen).toEqual(['other', 'a', 'other', 'b', 'other', 'c']);
});
