import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareVersions } from './pick-engine.ts';

it.each([
  ['0.9.1', '0.32.0'],
  ['0.32.0rc1', '0.32.0'],
  ['0.32.0', '0.32.0.post1'],
  ['0.32', '0.32.1'],
  ['5330', '10001'],
  ['1.0rc1', '1.0rc2'],
  ['1.0a1', '1.0rc1'],
])('%s is older than %s', (older, newer) => {
  expect(compareVersions(older, newer)).toBeLessThan(0);
  expect(compareVersions(newer, older)).toBeGreaterThan(0);
});

it.each([
  ['1.0', '1.0.0'],
  ['0.32.0', '0.32.0+cpu'],
])('%s is as old as %s', (one, other) => {
  expect(compareVersions(one, other)).toBe(0);
});

it('is an order, whatever versions look like', () => {
  const version = fc.string({ unit: fc.constantFrom(...'0123.abrc+-'), maxLength: 12 });
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
        expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
    }),
  );
});
