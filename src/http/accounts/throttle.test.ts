/** Waits that grow, and a memory that does not. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Throttle } from './throttle.ts';

const patience = { free: 3, longestWaitMs: 60_000 };

it('waits longer after each failure beyond the free ones', () => {
  const throttle = new Throttle(patience);
  const waits = Array.from({ length: 12 }, () => {
    throttle.begin('ann', 0);
    return throttle.waitMs('ann', 0);
  });
  expect(waits).toEqual([0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(throttle.waitMs('ann', 59_999)).toBe(1);
  expect(throttle.waitMs('ann', 60_000)).toBe(0);
  expect(throttle.waitMs('bob', 0)).toBe(0);
});

it('forgives, takes back, and forgets after an hour', () => {
  const throttle = new Throttle(patience);
  for (let i = 0; i < 4; i++) throttle.begin('ann', 0);
  throttle.takeBack('ann');
  expect(throttle.waitMs('ann', 0)).toBe(0);
  throttle.begin('ann', 0);
  expect(throttle.waitMs('ann', 0)).toBe(1_000);
  throttle.forget('ann');
  expect(throttle.waitMs('ann', 0)).toBe(0);
  for (let i = 0; i < 9; i++) throttle.begin('bob', 0);
  throttle.begin('bob', 3_600_000);
  expect(throttle.waitMs('bob', 3_600_000)).toBe(0);
});

it('remembers a bounded number, the newest ones', () => {
  const throttle = new Throttle(patience);
  for (let i = 0; i < 30_000; i++) throttle.begin(`name-${i}`, i);
  expect(throttle.size).toBe(10_000);
  for (let i = 0; i < 4; i++) throttle.begin('name-29999', 30_000);
  expect(throttle.waitMs('name-29999', 30_000)).toBe(2_000);
  throttle.begin('late', 10_000_000);
  expect(throttle.size).toBe(1);
});

it('lets nobody try more often than the waits allow, in any order of attempts', () => {
  const property = fc.property(fc.array(fc.nat(20_000), { maxLength: 60 }), (gaps) => {
    const throttle = new Throttle(patience);
    let nowMs = 0;
    let tries = 0;
    for (const gap of gaps) {
      nowMs += gap;
      if (throttle.waitMs('ann', nowMs) > 0) continue;
      throttle.begin('ann', nowMs);
      tries++;
    }
    // Three free, then one each 1, 2, 4, 8, 16, 32, 60, 60 … seconds.
    const waits = [0, 0, 0, 0, 1, 2, 4, 8, 16, 32];
    let least = 0;
    for (let i = 0; i < tries; i++) least += (waits[i] ?? 60) * 1_000;
    expect(nowMs).toBeGreaterThanOrEqual(least);
  });
  fc.assert(property, { seed: 62, numRuns: 200 });
});
