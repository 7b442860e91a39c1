import { expect, it } from 'vitest';
import { randomHex } from './clock.ts';

it('random texts are as long as was asked for, of all digits, and never the same', () => {
  const texts = Array.from({ length: 500 }, () => randomHex(16));
  expect(texts.every((text) => /^[0-9a-f]{32}$/.test(text))).toBe(true);
  expect(new Set(texts).size).toBe(500);
  const places = Array.from({ length: 32 }, (_, place) => new Set(texts.map((text) => text[place])).size);
  expect(Math.min(...places)).toBe(16);
  expect([randomHex(0), randomHex(2_000).length]).toEqual(['', 4_000]);
});
