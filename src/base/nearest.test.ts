/** Spellings near enough to be named. */

import { expect, it } from 'vitest';
import { editDistance, nearest } from './nearest.ts';

it.each([
  ['', '', 0],
  ['port', 'port', 0],
  ['prot', 'port', 1],
  ['por', 'port', 1],
  ['ports', 'port', 1],
  ['pord', 'port', 1],
  ['abc', 'xyz', 3],
])('from %s to %s in %i', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
});

it('names the closest candidate and none that is far', () => {
  expect(nearest('prallel', ['port', 'parallel'])).toBe('parallel');
  expect(nearest('zzzzzz', ['port', 'parallel'])).toBeUndefined();
});
