import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFloats, toHalf, toHalves, toQ8 } from './number-formats.ts';

const file = new URL('../../../test/convert/fixtures/numbers.json', import.meta.url);
const reference: Readonly<Record<'values' | 'q8' | 'halves' | 'bf16', string>> = JSON.parse(readFileSync(file, 'utf8'));
const bytes = (name: keyof typeof reference) => Buffer.from(reference[name], 'base64');
const values = readFloats(bytes('values'), 'F32');

describe('number formats', () => {
  it('round to Q8_0 bit for bit like the reference', () => {
    expect(toQ8(values).equals(bytes('q8'))).toBe(true);
  });

  it('round to half precision bit for bit like the reference', () => {
    expect(toHalves(values).equals(bytes('halves'))).toBe(true);
  });

  it('read what they wrote', () => {
    const halves = readFloats(bytes('halves'), 'F16');
    expect(toHalves(halves).equals(bytes('halves'))).toBe(true);
    const short = readFloats(bytes('bf16'), 'BF16');
    const upper = new Uint16Array(short.buffer).filter((_, at) => at % 2 === 1);
    expect(Buffer.from(upper.buffer).equals(bytes('bf16'))).toBe(true);
  });

  it('never miss the nearest half', () => {
    const near = fc.float({ min: -65_000, max: 65_000, noNaN: true });
    fc.assert(
      fc.property(near, (value) => {
        const [found = Number.NaN] = readFloats(toHalves(Float32Array.of(value)), 'F16');
        const bits = toHalf(value);
        const others = [bits - 1, bits + 1].filter((each) => each >= 0 && (each & 0x7fff) < 0x7c00);
        const distances = others.map((each) => {
          const [other = Number.NaN] = readFloats(Buffer.from(Uint16Array.of(each).buffer), 'F16');
          return Math.abs(other - value);
        });
        expect(Math.abs(found - value)).toBeLessThanOrEqual(Math.min(...distances));
      }),
      { seed: 6, numRuns: 2_000 },
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e30])('refuse %d', (value) => {
    const block = new Float32Array(32).fill(value);
    expect(() => toQ8(block)).toThrow('no numbers');
    expect(() => toHalves(block)).toThrow('no numbers');
  });
});
