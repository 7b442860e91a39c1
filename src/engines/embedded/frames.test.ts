import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameReader, isSameSecret } from './frames.ts';
import { packTokens, unpackTokens } from './messages.ts';

describe('FrameReader', () => {
  it('reads the same messages however the bytes are cut', () => {
    const messages = fc.array(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), { maxLength: 6 });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(encodeFrame));
        const reader = new FrameReader(1_000_000);
        const read: unknown[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1;
          reader.push(bytes.subarray(at, at + size), (message) => read.push(message));
          at += size;
        }
        expect(read).toEqual(sent.map((message) => JSON.parse(JSON.stringify(message))));
      }),
      { seed: 21 },
    );
  });

  it('refuses what is too large by its length alone, and what is not JSON', () => {
    const ignore = (): void => {};
    expect(() => new FrameReader(10).push(Buffer.of(11, 0, 0, 0), ignore)).toThrow('11 bytes is too large');
    expect(() => new FrameReader(10).push(Buffer.of(255, 255, 255, 255, 1), ignore)).toThrow('too large');
    expect(() => new FrameReader(10).push(Buffer.of(1, 0, 0, 0, 123), ignore)).toThrow('not JSON');
  });

  it('takes larger frames once it may', () => {
    const reader = new FrameReader(4);
    reader.allow(100);
    const read: unknown[] = [];
    reader.push(encodeFrame({ long: 'enough' }), (message) => read.push(message));
    expect(read).toEqual([{ long: 'enough' }]);
  });
});

describe('isSameSecret', () => {
  it('compares whole secrets', () => {
    expect(isSameSecret('geheim', 'geheim')).toBe(true);
    expect(isSameSecret('geheim', 'geheiM')).toBe(false);
    expect(isSameSecret('geheim', 'geheim2')).toBe(false);
    expect(isSameSecret('', 'x')).toBe(false);
  });
});

describe('packTokens', () => {
  it('comes back as it was', () => {
    const tokens = Int32Array.of(0, 1, 151_935, -1, 2 ** 31 - 1);
    expect(unpackTokens(packTokens(tokens))).toEqual(tokens);
    expect(unpackTokens(packTokens(tokens.subarray(1, 3)))).toEqual(Int32Array.of(1, 151_935));
  });
});
