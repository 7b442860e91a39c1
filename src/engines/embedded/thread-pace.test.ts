import { describe, expect, it } from 'vitest';
import { ThreadPace } from './thread-pace.ts';

/** Runs steps of one size; `time` says how long one takes with so many threads. Returns the threads of each. */
function run(pace: ThreadPace, count: number, time: (threads: number, step: number) => number, size = 1): number[] {
  const used: number[] = [];
  let threads = lastOf.get(pace) ?? 4;
  for (let step = 0; step < count; step++) {
    used.push(threads);
    threads = pace.after(size, time(threads, step));
  }
  lastOf.set(pace, threads);
  return used;
}
const lastOf = new WeakMap<ThreadPace, number>();

const calm = (threads: number): number => 8 / threads;
/** Another program has taken a core: all that spin wait for it. */
const crowded = (threads: number): number => (threads === 1 ? 8 : 200);
const count = (list: readonly number[], wanted: number): number => list.filter((item) => item === wanted).length;

describe('ThreadPace', () => {
  it('keeps all threads while steps take their time', () => {
    const pace = new ThreadPace(4);
    expect(new Set(run(pace, 500, (threads, step) => calm(threads) * (1 + (step % 5))))).toEqual(new Set([4]));
  });

  it('forgives a single slow step, and slowness that is slight', () => {
    const pace = new ThreadPace(4);
    const used = run(pace, 500, (threads, step) => (step % 9 === 8 ? 500 : calm(threads)));
    expect(new Set(used)).toEqual(new Set([4]));
    const quick = new ThreadPace(4);
    expect(new Set(run(quick, 500, (_, step) => (step > 100 ? 3 : 0.1)))).toEqual(new Set([4]));
  });

  it('goes down to where it is quick when slowness stays', () => {
    const pace = new ThreadPace(4);
    run(pace, 50, calm);
    expect(run(pace, 8, crowded)).toEqual([4, 4, 2, 2, 1, 1, 1, 1]);
  });

  it('tries all threads again, ever more rarely while that fails', () => {
    const pace = new ThreadPace(4);
    run(pace, 50, calm);
    const used = run(pace, 10_000, crowded);
    expect(count(used, 1)).toBeGreaterThan(9_900);
    expect(count(used, 4)).toBeGreaterThan(8);
    expect(count(used, 4)).toBeLessThan(40);
    const back = run(pace, 5_000, calm);
    expect(back.slice(-800)).toEqual(Array(800).fill(4));
  });

  it('rests shortly again after calm times', () => {
    const pace = new ThreadPace(4);
    run(pace, 50, calm);
    run(pace, 10_000, crowded);
    run(pace, 5_000, calm);
    const used = run(pace, 200, (threads, step) => (step < 20 ? crowded(threads) : calm(threads)));
    expect(used.slice(-100)).toEqual(Array(100).fill(4));
  });

  it('gets used to a machine that is slower with any number of threads', () => {
    const pace = new ThreadPace(4);
    run(pace, 50, calm);
    const used = run(pace, 20_000, (threads) => 20 * calm(threads));
    expect(used.slice(-2_000)).toEqual(Array(2_000).fill(4));
  });

  it('compares only steps of one size', () => {
    const pace = new ThreadPace(4);
    run(pace, 50, calm);
    expect(new Set(run(pace, 50, () => 100, 8))).toEqual(new Set([4]));
    expect(run(pace, 4, () => 900, 8)).toEqual([4, 4, 2, 2]);
  });

  it('has nothing to decide with one thread', () => {
    const pace = new ThreadPace(1);
    for (const tookMs of [1, 1, 1, 1, 1, 1, 1, 1, 1, 900, 900, 900]) expect(pace.after(1, tookMs)).toBe(1);
  });
});
