import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsText } from '../schema/text-automaton.ts';
import { type Bound, multiplesOf, textsFrom, textsUpTo } from './number-texts.ts';

const seed = 20_260_103;
const numbers = fc.oneof(
  fc.constantFrom(0, 0.5, 1, 1.5, 10, 9.99, 0.05, 0.001, 100, 1e-7, 123.456),
  fc.integer({ min: -1200, max: 1200 }),
  fc.integer({ min: -100_000, max: 100_000 }).map((value) => value / 1000),
);
const sign = fc.constantFrom(1, -1);
const decimals = fc.tuple(numbers, sign, fc.constantFrom('', '0', '00')).map(([value, factor, zeros]) => {
  const text = String(value * factor);
  return text.includes('e') ? '0' : text.includes('.') ? text + zeros : text;
});

describe('bounds', () => {
  it('hold exactly the decimals within', () => {
    fc.assert(
      fc.property(numbers, sign, fc.boolean(), decimals, (value, factor, isOpen, text) => {
        const bound: Bound = { value: value * factor, isOpen };
        const number = Number(text);
        if (text.startsWith('-') && number === 0) return;
        const [from, to] = [textsFrom(bound, 'number'), textsUpTo(bound, 'number')];
        if (from === undefined || to === undefined) throw new Error('not exact');
        expect(holdsText(from, text), `${text} from ${bound.value}`).toBe(
          isOpen ? number > bound.value : number >= bound.value,
        );
        expect(holdsText(to, text), `${text} to ${bound.value}`).toBe(
          isOpen ? number < bound.value : number <= bound.value,
        );
      }),
      { seed, numRuns: 2000 },
    );
  });

  it('are never rounded over', () => {
    const below = textsUpTo({ value: 5, isOpen: true }, 'number');
    expect(below && holdsText(below, '4.99999999999999999999')).toBe(false);
    expect(below && holdsText(below, '4.9999999999')).toBe(true);
    expect(below && holdsText(below, '-0')).toBe(true);
    expect(textsFrom({ value: 0.123_456_789_012_345_6, isOpen: true }, 'number')).toBeUndefined();
  });
});

describe('multiples', () => {
  it('are told by their remainders', () => {
    for (const [step, places] of [
      [0.01, 2],
      [0.5, 1],
      [0.25, 2],
      [3, 0],
      [7, 0],
      [10, 0],
      [1.5, 1],
      [100, 0],
    ] as const) {
      const texts = multiplesOf(step, 'number');
      if (texts === undefined) throw new Error('too many');
      for (let value = -500; value <= 500; value++) {
        const text = (value / 10 ** places / 2).toFixed(places + 1).replace(/\.?0+$/, '');
        const quotient = Number(text) / step;
        const isMultiple = Math.abs(quotient - Math.round(quotient)) < 1e-9;
        expect(holdsText(texts, text === '-' ? '0' : text), `${text} of ${step}`).toBe(isMultiple);
      }
    }
    expect(multiplesOf(1_000_003, 'integer')).toBeUndefined();
  });
});
