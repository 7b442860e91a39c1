import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLogprobs } from './logprobs.ts';
import type { TokenTable } from './token-table.ts';

const tokens: TokenTable = {
  size: 400,
  bytes: (id) => (id < 256 ? Uint8Array.of(id) : new Uint8Array(0)),
  special: (id) => (id === 300 ? '<|é|>' : undefined),
  isEnd: () => false,
  ends: [],
  idOf: () => undefined,
  controls: [],
  userDefined: [],
};

describe('readLogprobs', () => {
  it('is the softmax of the logits, however large they are', () => {
    const logits = fc.array(fc.float({ min: -1e4, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(logits, fc.nat(), fc.nat(20), (list, drawn, count) => {
        const read = readLogprobs(Float32Array.from(list), drawn % list.length, { tokens, count });
        expect(read.top).toHaveLength(Math.min(count, list.length));
        const probabilities = read.top.map(({ logprob }) => Math.exp(logprob));
        expect(probabilities.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(1 + 1e-6);
        expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a));
        const whole = readLogprobs(Float32Array.from(list), 0, { tokens, count: list.length });
        const sum = whole.top.reduce((total, { logprob }) => total + Math.exp(logprob), 0);
        expect(sum).toBeCloseTo(1, 4);
        expect(read.logprob).toBeLessThanOrEqual(whole.top[0]?.logprob ?? 0);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it('knows the shares of a small case', () => {
    const { logprob, top } = readLogprobs(Float32Array.of(Math.log(1), Math.log(3)), 0, { tokens, count: 1 });
    expect(logprob).toBeCloseTo(Math.log(0.25), 6);
    expect(top.map((one) => one.logprob)[0]).toBeCloseTo(Math.log(0.75), 6);
  });

  it('spells letters, bytes that are no letters, and special tokens', () => {
    const logits = new Float32Array(400);
    const spelling = (id: number) => {
      const { token, bytes } = readLogprobs(logits, id, { tokens, count: 0 });
      return { token, bytes };
    };
    expect(spelling(97)).toEqual({ token: 'a', bytes: [97] });
    expect(spelling(0xe6)).toEqual({ token: '\ufffd', bytes: [0xe6] });
    expect(spelling(300)).toEqual({ token: '<|é|>', bytes: [60, 124, 0xc3, 0xa9, 124, 62] });
    expect(spelling(350)).toEqual({ token: '', bytes: [] });
  });

  it('says what JSON can hold of the impossible', () => {
    const logits = Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY, 5);
    expect([0, 1, 2].map((id) => readLogprobs(logits, id, { tokens, count: 3 }).logprob)).toEqual([-9999, -9999, 0]);
    expect(readLogprobs(logits, 2, { tokens, count: 3 }).top).toHaveLength(1);
  });
});
