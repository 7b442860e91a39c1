/** Keys that could be ours, and those that could not. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hasKeyShape, hintOf, isKeyText, newKeyText } from './key-text.ts';

it('takes its own keys, each another', () => {
  const keys = Array.from({ length: 200 }, newKeyText);
  expect(new Set(keys).size).toBe(200);
  for (const key of keys) {
    expect(key).toMatch(/^sk-ams-[0-9A-Za-z]{38}$/);
    expect(isKeyText(key)).toBe(true);
    expect(key.endsWith(hintOf(key))).toBe(true);
  }
});

it('refuses a key with any one character changed', () => {
  const property = fc.property(fc.integer({ min: 7, max: 44 }), fc.constantFrom(...'0aZ-_'), (place, char) => {
    const key = newKeyText();
    fc.pre(key[place] !== char);
    expect(isKeyText(key.slice(0, place) + char + key.slice(place + 1))).toBe(false);
  });
  fc.assert(property, { seed: 61, numRuns: 500 });
});

it('refuses what only looks like one', () => {
  for (const text of [
    '',
    'sk-ams-',
    'sk-ams-x',
    `sk-ams-${'0'.repeat(38)}`,
    `${newKeyText()}0`,
    newKeyText().slice(0, -1),
  ])
    expect(isKeyText(text)).toBe(false);
  expect(hasKeyShape('sk-ams-x')).toBe(true);
  expect(hasKeyShape('sk-proj-x')).toBe(false);
});

it('has the checksum of zip, in six digits of base 62', () => {
  // Computed by Python's zlib.
  expect(isKeyText('sk-ams-aimindserve0000000000000000000AZ3klGzv')).toBe(true);
});
