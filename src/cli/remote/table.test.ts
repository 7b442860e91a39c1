/** Columns line up, also where characters are two columns wide. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutToWidth, displayWidth } from './display-width.ts';
import { tableOf } from './table.ts';

describe('displayWidth', () => {
  it.each<[string, number]>([
    ['', 0],
    ['abc', 3],
    ['模型', 4],
    ['qwen-千问', 9],
    ['한국어', 6],
    ['ｆｕｌｌ', 8],
    ['é', 1],
    ['e\u0301', 1],
    ['🚀', 2],
    ['a\u200bb', 2],
    ['…█–', 3],
  ])('%j takes %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe('cutToWidth', () => {
  it('never exceeds the width, and leaves what fits as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '模', 'e\u0301', '🚀') }), fc.nat(30), (text, width) => {
        const cut = cutToWidth(text, width + 1);
        expect(displayWidth(cut)).toBeLessThanOrEqual(width + 1);
        if (displayWidth(text) <= width + 1) expect(cut).toBe(text);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});

interface Row {
  readonly name: string;
  readonly size: string;
  readonly why: string;
}

const columns = [
  { title: 'NAME', cell: ({ name }: Row) => name },
  { title: 'SIZE', isNumber: true, cell: ({ size }: Row) => size },
  { title: 'WHY', cell: ({ why }: Row) => why },
] as const;

describe('tableOf', () => {
  it('pads by width, numbers to the right, and cuts the last column', () => {
    const rows = [
      { name: '千问', size: '4.7 GB', why: 'it has a very long reason' },
      { name: 'nano', size: '5 MB', why: '' },
    ];
    expect(tableOf(columns, rows, 30)).toBe(
      ['NAME    SIZE  WHY', '千问  4.7 GB  it has a very l…', 'nano    5 MB'].join('\n'),
    );
  });

  it('lets nobody move the cursor, break a line or turn the text round', () => {
    const evil = { name: 'a\u001b[2Jb', size: '1\n2', why: 'x\u202ey\r\tz\u0007' };
    expect(tableOf(columns, [evil]).split('\n')).toEqual(['NAME   SIZE  WHY', 'a[2Jb   1 2  xy z']);
  });
});
