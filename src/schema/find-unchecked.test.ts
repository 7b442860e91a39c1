import { expect, it } from 'vitest';
import { findUnchecked } from './find-unchecked.ts';

it('names the keywords that validation passes over', () => {
  expect(findUnchecked({ type: 'string', pattern: '^a+$' })).toEqual([]);
  expect(findUnchecked({ default: { pattern: '(?=a)' } })).toEqual([]);
  expect(
    findUnchecked({
      properties: { a: { pattern: 'b(?=a)' }, b: { $ref: 'https://example.com/b.json' } },
      patternProperties: { '(?<!x)y': true },
      unevaluatedProperties: false,
    }),
  ).toEqual(['$ref', 'pattern', 'patternProperties']);
});
