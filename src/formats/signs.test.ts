/** What signs count for. */

import { describe, expect, it } from 'vitest';
import { detectSigns } from './signs.ts';

const facts = { name: 'Zebra 7B', architecture: '', template: "'<a>' '<b>\\n'", specialTokens: ['<a>', '<z>'] };

describe('detectSigns', () => {
  it.each([
    [{ template: ['<a>'] }, 1.3],
    [{ template: ['<a>', '<c>'] }, 0],
    [{ template: ['<b>\n'] }, 1.4],
    [{ template: ['<a>'], without: ['<b>\n'] }, 0],
    [{ template: ['<a>'], tokens: ['<a>', '<y>'] }, 1.8],
    [{ template: ['<a>'], names: ['zebra', 'horse'] }, 1.55],
    [{ tokens: ['<a>', '<z>'] }, 1],
    [{ tokens: ['<a>', '<y>'] }, 0],
    [{ names: ['zebra'] }, 0],
    [{}, 0],
  ])('scores %j with %d', (signs, score) => {
    expect(detectSigns(signs, facts).score).toBe(score);
  });

  it('tells what it found', () => {
    expect(detectSigns({ template: ['<a>'], tokens: ['<z>'], names: ['7b'] }, facts).evidence).toEqual([
      'template has "<a>"',
      'token <z>',
      'name has "7b"',
    ]);
  });
});
