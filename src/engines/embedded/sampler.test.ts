import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { best, truncate } from './candidates.ts';
import { Sampler, type TokenRule } from './sampler.ts';

const plain = { temperature: 1, topK: 0, topP: 1, minP: 0 };
const noPrompt = new Int32Array(0);
const logitList = fc.array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 400 });

/** Allows exactly these ids. */
const only = (...ids: number[]): TokenRule & { asked: number } => {
  const rule = {
    asked: 0,
    take: (id: number) => ids.includes(id),
    allows: (id: number) => ids.includes(id),
    allowed: () => {
      rule.asked++;
      return ids;
    },
  };
  return rule;
};

/** Shares of the drawn tokens over many draws. */
function shares(logits: readonly number[], sampling: object, rule?: TokenRule): number[] {
  const sampler = new Sampler({ ...plain, seed: 3, ...sampling }, noPrompt);
  const counts = logits.map(() => 0);
  const draws = 20_000;
  for (let i = 0; i < draws; i++) {
    const id = sampler.draw(Float32Array.from(logits), rule) ?? -1;
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts.map((count) => count / draws);
}

function softmax(logits: readonly number[]): number[] {
  const weights = logits.map(Math.exp);
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

const close = (actual: readonly number[], expected: readonly number[]): void => {
  for (const [index, value] of expected.entries()) expect(actual[index]).toBeCloseTo(value, 1.6);
};

describe('best', () => {
  it('finds what sorting would, lower ids first among equals', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 500 }),
        fc.nat(60),
        (list, k) => {
          const logits = Float32Array.from(list);
          const sorted = list.map((_, id) => id).sort((a, b) => (list[b] ?? 0) - (list[a] ?? 0) || a - b);
          expect(best(logits, k + 1)).toEqual(sorted.slice(0, k + 1));
        },
      ),
      { seed: 11 },
    );
  });

  it('never takes what is not a number', () => {
    const logits = Float32Array.of(Number.NaN, -Infinity, 1, Number.NaN, 0);
    expect(best(logits, 1)).toEqual([2]);
    expect(best(logits, 5)).toEqual([2, 4]);
    expect(best(Float32Array.of(Number.NaN), 1)).toEqual([]);
  });
});

describe('truncate', () => {
  it('keeps by top-p the shortest head that holds enough, however large the vocabulary', () => {
    fc.assert(
      fc.property(logitList, fc.double({ min: 0.05, max: 0.999, noNaN: true }), fc.nat(3), (list, topP, copies) => {
        const all = Array.from({ length: copies * 3 + 1 }, () => list).flat();
        const logits = Float32Array.from(all);
        const { ids } = truncate(logits, { ...plain, topP });
        const share = softmax([...logits]);
        const held = (count: number): number => ids.slice(0, count).reduce((sum, id) => sum + (share[id] ?? 0), 0);
        expect(held(ids.length)).toBeGreaterThanOrEqual(topP - 1e-6);
        expect(held(ids.length - 1)).toBeLessThan(topP + 1e-6);
        expect(ids).toEqual(best(logits, ids.length));
      }),
      { seed: 12 },
    );
  });

  it('cuts by min-p relative to the most probable token', () => {
    const logits = Float32Array.from([0, Math.log(0.5), Math.log(0.2), Math.log(0.09)]);
    expect(truncate(logits, { ...plain, minP: 0.1 }).ids).toEqual([0, 1, 2]);
  });

  it('counts top-p within what top-k left', () => {
    const logits = Float32Array.from([Math.log(4), Math.log(3), Math.log(2), Math.log(1)]);
    expect(truncate(logits, { ...plain, topK: 2, topP: 0.5 }).ids).toEqual([0]);
    expect(truncate(logits, { ...plain, topP: 0.5 }).ids).toEqual([0, 1]);
  });

  it('takes the best alone at temperature 0', () => {
    expect(truncate(Float32Array.of(1, 3, 2), { ...plain, temperature: 0 }).ids).toEqual([1]);
  });
});

describe('Sampler', () => {
  it('draws by the softmax, flatter the hotter', () => {
    const logits = [1, 0, 2];
    close(shares(logits, {}), softmax(logits));
    close(shares(logits, { temperature: 2 }), softmax(logits.map((logit) => logit / 2)));
  });

  it('restricts exactly: the truncated distribution, renormalised over what the rule allows', () => {
    const logits = [3, 2, 1, 0];
    const share = softmax(logits);
    const total = (share[1] ?? 0) + (share[2] ?? 0);
    close(shares(logits, {}, only(1, 2)), [0, (share[1] ?? 0) / total, (share[2] ?? 0) / total, 0]);
  });

  it('restricts before truncating only where nothing would remain', () => {
    const rule = only(2, 3);
    expect(new Sampler({ ...plain, topK: 2 }, noPrompt).draw(Float32Array.of(9, 8, 1, 2), rule)).toBeGreaterThan(1);
    expect(rule.asked).toBe(1);
    const inside = only(1);
    expect(new Sampler({ ...plain, topK: 2 }, noPrompt).draw(Float32Array.of(9, 8, 1, 2), inside)).toBe(1);
    expect(inside.asked).toBe(0);
    expect(new Sampler({ temperature: 0 }, noPrompt).draw(Float32Array.of(9, 8, 1, 2), rule)).toBe(3);
  });

  it('has no token where none is allowed or none is a number', () => {
    expect(new Sampler(plain, noPrompt).draw(Float32Array.of(1, 2), only())).toBeUndefined();
    expect(new Sampler(plain, noPrompt).draw(Float32Array.of(Number.NaN, Number.NaN))).toBeUndefined();
  });

  it('repeats itself with the same seed and not with another', () => {
    const draw = (seed: number): string => {
      const sampler = new Sampler({ ...plain, seed }, noPrompt);
      return Array.from({ length: 40 }, () => sampler.draw(new Float32Array(100))).join();
    };
    expect(draw(1)).toBe(draw(1));
    expect(new Set([draw(0), draw(1), draw(-1), draw(2 ** 32), draw(2 ** 40 + 1)]).size).toBe(5);
  });

  it('adds the bias before anything is cut, penalised or refused', () => {
    const draw = (bias: Array<[number, number]>, sampling: object = {}, rule?: TokenRule) =>
      new Sampler({ ...plain, temperature: 0, ...sampling, logitBias: new Map(bias) }, noPrompt).draw(
        Float32Array.of(3, 2, 1),
        rule,
      );
    expect(draw([[2, 100]])).toBe(2);
    expect(draw([[0, -100]])).toBe(1);
    expect(draw([[2, 100]], { topK: 1, temperature: 1 })).toBe(2);
    expect(draw([[2, 100]], {}, only(0, 1))).toBe(0);
    expect(
      draw(
        [
          [0, 0.5],
          [1, 1.4],
        ],
        { repeatPenalty: 2 },
      ),
    ).toBe(0);
    close(shares([0, 0], { logitBias: new Map([[1, Math.log(3)]]) }), [0.25, 0.75]);
  });

  it('penalises what the answer has: once for presence, each time for frequency, not what the prompt has', () => {
    const sampling = { ...plain, temperature: 0, presencePenalty: 1, frequencyPenalty: 0.5 };
    const sampler = new Sampler(sampling, Int32Array.of(0));
    const next = (): number | undefined => sampler.draw(Float32Array.of(4, 2, 1));
    expect([next(), next(), next(), next()]).toEqual([0, 0, 0, 1]);
  });

  it('penalises repetition of the last 64 tokens, the prompt included', () => {
    const prompt = Int32Array.from([0, ...Array(63).fill(2)]);
    const sampler = new Sampler({ temperature: 0, repeatPenalty: 2 }, prompt);
    expect(sampler.draw(Float32Array.of(3, 2, -1))).toBe(1);
    expect(sampler.draw(Float32Array.of(3, 2, -1))).toBe(0);
  });
});
