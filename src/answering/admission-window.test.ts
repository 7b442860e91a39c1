/** No minute, wherever it begins, holds more than its limit. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MinuteWindow } from './admission-window.ts';

describe('a moving minute', () => {
  it('forgets a minute later, at most a second too late', () => {
    const window = new MinuteWindow();
    window.add(5, 10_500);
    expect(window.total(10_500)).toBe(5);
    expect(window.total(70_500)).toBe(5);
    expect(window.total(71_000)).toBe(0);
    window.add(1, 1_000_000);
    expect(window.total(1_000_000)).toBe(1);
  });

  it('says when there is room', () => {
    const window = new MinuteWindow();
    window.add(3, 1_000);
    window.add(4, 20_000);
    expect(window.waitMs(3, 10, 30_000)).toBe(0);
    expect(window.waitMs(4, 10, 30_000)).toBe(62_000 - 30_000);
    expect(window.waitMs(7, 10, 30_000)).toBe(81_000 - 30_000);
    expect(window.waitMs(11, 10, 30_000)).toBe(Number.POSITIVE_INFINITY);
    expect(window.resetMs(30_000)).toBe(81_000 - 30_000);
    expect(window.resetMs(200_000)).toBe(0);
  });

  it('is corrected where it was wrong', () => {
    const window = new MinuteWindow();
    const second = window.add(100, 1_000);
    window.correct(second, -60, 5_000);
    expect(window.total(5_000)).toBe(40);
    window.correct(second, 20, 50_000);
    expect(window.total(61_999)).toBe(60);
    expect(window.total(62_000)).toBe(20);
    // What has been forgotten is not given back a second time.
    window.correct(second, -40, 62_000);
    expect(window.total(62_000)).toBe(20);
  });

  it('lets through no more than the limit in any 60 seconds, and what it promises', () => {
    const asks = fc.array(fc.record({ afterMs: fc.nat(9_000), amount: fc.integer({ min: 1, max: 6 }) }), {
      maxLength: 120,
    });
    const property = fc.property(asks, fc.integer({ min: 1, max: 20 }), (sequence, limit) => {
      const window = new MinuteWindow();
      const passed: { readonly atMs: number; readonly amount: number }[] = [];
      let nowMs = 0;
      for (const { afterMs, amount } of sequence) {
        nowMs += afterMs;
        const waitMs = window.waitMs(amount, limit, nowMs);
        if (amount <= limit) expect(waitMs).toBeLessThanOrEqual(61_000);
        if (waitMs > 0) continue;
        window.add(amount, nowMs);
        passed.push({ atMs: nowMs, amount });
      }
      for (const { atMs } of passed) {
        const minute = passed.filter((other) => other.atMs > atMs - 60_000 && other.atMs <= atMs);
        expect(minute.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(limit);
      }
    });
    fc.assert(property, { seed: 51, numRuns: 200 });
  });

  it('keeps its promise of when there is room', () => {
    const property = fc.property(fc.array(fc.nat(4_000), { minLength: 1, maxLength: 40 }), (gaps) => {
      const window = new MinuteWindow();
      let nowMs = 0;
      for (const gap of gaps) {
        nowMs += gap;
        window.add(1, nowMs);
      }
      const waitMs = window.waitMs(1, gaps.length, nowMs);
      expect(window.waitMs(1, gaps.length, nowMs + waitMs - 1)).toBeGreaterThan(0);
      expect(window.waitMs(1, gaps.length, nowMs + waitMs)).toBe(0);
    });
    fc.assert(property, { seed: 52, numRuns: 200 });
  });
});
