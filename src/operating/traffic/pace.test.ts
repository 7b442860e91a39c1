import { expect, it } from 'vitest';
import { Pace } from './pace.ts';

it.each([
  ['nothing is known', [], 8, 5],
  ['one has ended', [7_000], 8, 5],
  ['one ends each two seconds', [0, 2_000, 4_000, 6_000], 8, 16],
  ['all ended at once', [5, 5, 5], 8, 1],
  ['one ends each ten minutes', [0, 600_000], 8, 300],
])('a pace tells how long to wait where %s', (_, endsMs, requests, seconds) => {
  const pace = new Pace();
  for (const atMs of endsMs) pace.note(atMs);
  expect(pace.secondsFor(requests)).toBe(seconds);
});
