import { describe, expect, it } from 'vitest';
import { completeRoute } from '../../fleet/model-route.ts';
import { orderTargets } from './order-targets.ts';

const routeOf = (weights: Readonly<Record<string, number>>, fallbacks: string[] = []) =>
  completeRoute({
    name: 'r',
    targets: Object.entries(weights).map(([deployment, weight]) => ({ deployment, weight })),
    fallbacks,
  });

const affinities = Array.from({ length: 2_000 }, (_, index) => `${index * 7_919}`);
const firsts = (weights: Readonly<Record<string, number>>) =>
  affinities.map((affinity) => orderTargets(routeOf(weights), affinity)[0]);

describe('the order of targets', () => {
  it('is by weight over many conversations', () => {
    const first = firsts({ a: 3, b: 1 });
    const share = first.filter((name) => name === 'a').length / first.length;
    expect(share).toBeGreaterThan(0.7);
    expect(share).toBeLessThan(0.8);
  });

  it('stays the same for one conversation', () => {
    expect(firsts({ a: 1, b: 1, c: 2 })).toEqual(firsts({ c: 2, a: 1, b: 1 }));
  });

  it('moves conversations only to a target whose weight rises', () => {
    const [before, after] = [firsts({ a: 1, b: 1 }), firsts({ a: 2, b: 1 })];
    const moved = after.filter((name, index) => name !== before[index]);
    expect(new Set(moved)).toEqual(new Set(['a']));
  });

  it('ends with the fallbacks as they were written, each name once, and leaves out what has no weight', () => {
    expect(orderTargets(routeOf({ a: 0, b: 1 }, ['d', 'c', 'b']), 'x')).toEqual(['b', 'd', 'c']);
  });
});
