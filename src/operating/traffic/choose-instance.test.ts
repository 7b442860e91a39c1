import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Choosable, chooseInstance } from './choose-instance.ts';

const poolOf = (...running: readonly number[]): readonly Choosable[] =>
  running.map((each, index) => ({ id: `ins_${index}`, running: each, places: 4 }));

const affinities = Array.from({ length: 300 }, (_, index) => `conversation ${index}`);

describe('the choice of an instance', () => {
  it('is the least busy for a request without affinity', () => {
    expect(chooseInstance(poolOf(2, 1, 3), undefined)?.id).toBe('ins_1');
  });

  it('is none where all places are taken', () => {
    expect(chooseInstance(poolOf(4, 4), 'a')).toBeUndefined();
    expect(chooseInstance([], undefined)).toBeUndefined();
  });

  it('stays the same for one conversation, whatever the order of instances', () => {
    for (const affinity of affinities)
      expect(chooseInstance(poolOf(0, 0, 0), affinity)).toEqual(chooseInstance(poolOf(0, 0, 0).toReversed(), affinity));
  });

  it('spreads conversations about evenly', () => {
    const chosen = affinities.map((affinity) => chooseInstance(poolOf(0, 0, 0), affinity)?.id);
    for (const { id } of poolOf(0, 0, 0)) expect(chosen.filter((each) => each === id).length).toBeGreaterThan(70);
  });

  it('moves only the conversations of an instance that goes', () => {
    const [first, second, third] = poolOf(0, 0, 0);
    const moved = affinities.filter((affinity) => {
      const before = chooseInstance(
        [first, second, third].flatMap((each) => each ?? []),
        affinity,
      );
      const after = chooseInstance(
        [first, second].flatMap((each) => each ?? []),
        affinity,
      );
      return before !== third && before?.id !== after?.id;
    });
    expect(moved).toEqual([]);
  });

  it('leaves an instance that is clearly busier', () => {
    for (const affinity of affinities) expect(chooseInstance(poolOf(3, 0), affinity)?.id).toBe('ins_1');
  });

  it('has a place wherever there is one, and none is far above its share', () => {
    const running = fc.array(fc.nat(4), { minLength: 1, maxLength: 6 });
    const property = fc.property(running, fc.string(), (busy, affinity) => {
      const pool = poolOf(...busy);
      const chosen = chooseInstance(pool, affinity);
      expect(chosen === undefined).toBe(busy.every((each) => each >= 4));
      if (chosen === undefined) return;
      const total = busy.reduce((sum, each) => sum + each, 1);
      const least = Math.min(...busy);
      expect(chosen.running === least || chosen.running < Math.ceil((1.25 * total) / pool.length)).toBe(true);
    });
    fc.assert(property, { seed: 62, numRuns: 300 });
  });
});
