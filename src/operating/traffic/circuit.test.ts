import { describe, expect, it } from 'vitest';
import { Circuit } from './circuit.ts';

function failing(...timesMs: readonly number[]): Circuit {
  const circuit = new Circuit();
  for (const atMs of timesMs) circuit.failed(atMs);
  return circuit;
}

describe('a circuit', () => {
  it.each([
    ['after two failures', failing(0, 1), 2, 'trusted'],
    ['after three within thirty seconds', failing(0, 1, 2), 3, 'resting'],
    ['after three in longer than that', failing(0, 20_000, 30_001), 30_002, 'trusted'],
    ['until its rest is over', failing(0, 1, 2), 5_001, 'resting'],
    ['once its rest is over', failing(0, 1, 2), 5_002, 'due'],
  ])('%s', (_, circuit, nowMs, trust) => {
    expect(circuit.trust(nowMs)).toBe(trust);
  });

  it('counts failures in a row only', () => {
    const circuit = failing(0, 1);
    circuit.answered();
    circuit.failed(2);
    expect(circuit.trust(3)).toBe('trusted');
  });

  it('is tried by one at a time', () => {
    const circuit = failing(0, 1, 2);
    circuit.beginTrial();
    expect(circuit.trust(6_000)).toBe('resting');
    circuit.endTrial();
    expect(circuit.trust(6_000)).toBe('due');
  });

  it('rests twice as long after each failed trial, a minute at most, and is whole again once it answers', () => {
    const circuit = failing(0, 0, 0);
    let nowMs = 0;
    const rests = Array.from({ length: 6 }, () => {
      const begunMs = nowMs;
      while (circuit.trust(nowMs) !== 'due') nowMs += 1_000;
      circuit.beginTrial();
      circuit.failed(nowMs);
      return nowMs - begunMs;
    });
    expect(rests).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    circuit.answered();
    expect(circuit.trust(nowMs)).toBe('trusted');
  });

  it('learns nothing from requests that were under way when it began to rest', () => {
    const circuit = failing(0, 0, 0, 4_000, 4_000, 4_000, 4_000);
    expect(circuit.trust(5_000)).toBe('due');
  });
});
