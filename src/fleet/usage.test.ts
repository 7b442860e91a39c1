import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, quantileMs } from './usage.ts';

const timed = (times: readonly number[]): Map<number, number> => {
  const counts = new Map<number, number>();
  for (const time of times) counts.set(bucketOf(time), (counts.get(bucketOf(time)) ?? 0) + 1);
  return counts;
};

describe('times in buckets', () => {
  it('take any number there is, the later the higher', () => {
    for (const odd of [Number.NaN, -1, 0, 0.5, 1]) expect(bucketOf(odd)).toBe(0);
    expect(bucketOf(Number.POSITIVE_INFINITY)).toBe(bucketOf(1e12));
    const time = fc.double({ min: 0, max: 1e7, noNaN: true });
    fc.assert(fc.property(time, time, (a, b) => a > b || bucketOf(a) <= bucketOf(b)));
  });

  it('know a quantile to half of it', () => {
    const times = fc.array(fc.double({ min: 2, max: 3e6, noNaN: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(times, fc.constantFrom(0.5, 0.95), (all, share) => {
        const sorted = all.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
        const told = quantileMs(timed(all), share) ?? 0;
        expect(told).toBeGreaterThanOrEqual(Math.floor(exact / 1.5));
        expect(told).toBeLessThanOrEqual(Math.ceil(exact * 1.5));
      }),
    );
  });

  it('of nothing have none', () => expect(quantileMs(new Map(), 0.5)).toBeUndefined());
});
