import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choice, type GrammarNode, notSet, repeat, sequence, special, text } from '../../grammar/grammar.ts';
import { GrammarBook } from './grammar-book.ts';
import { asTold, createMarkerReader, type MarkerReader } from './marker-reader.ts';

const ids = new Map([
  ['<m>', 1],
  ['<e>', 2],
]);
const string = sequence(text('"'), repeat(notSet([0x22, 0x22]), 0), text('"'));

function readerOf(root: GrammarNode): MarkerReader {
  const grammar = { root, rules: {} };
  const page = new GrammarBook({ idOf: (spelling) => ids.get(spelling), has: (spelling) => ids.has(spelling) }).print(
    grammar,
  );
  return page === undefined ? asTold : createMarkerReader(grammar, page);
}

/** Told in parts; «…» = as a control token. */
function read(reader: MarkerReader, told: readonly string[]): string {
  const marked = told.flatMap((part) => (part.startsWith('«') ? reader.special(part.slice(1, -1)) : reader.text(part)));
  const all = [...marked, ...reader.end()];
  return all.map(({ text: letters, special: token }) => letters + (token === undefined ? '' : `«${token}»`)).join('');
}

describe('control tokens and their spelling', () => {
  const call = sequence(special('<m>'), string, choice(text('!'), special('<e>')));
  it.each<readonly [string, string[], string]>([
    ['as tokens', ['«<m>»', '"a"', '«<e>»'], '«<m>»"a"«<e>»'],
    ['as letters', ['<m>"a"<e>'], '«<m>»"a"«<e>»'],
    ['as letters in pieces', ['<', 'm', '>"', 'a"<', 'e>'], '«<m>»"a"«<e>»'],
    ['inside a string', ['«<m>»', '"', '«<m>»', 'x«'.slice(0, 1), '"!'], '«<m>»"<m>x"!'],
    ['cut in the middle', ['«<m>»', '"a"', '<e'], '«<m>»"a"<e'],
    ['where nothing of it fits', ['?', '«<m>»', '<e>'], '?«<m>»<e>'],
    ['not the one that may stand', ['«<m>»', '"a"', '«<m>»'], '«<m>»"a"<m>'],
  ])('are told apart: %s', (_, told, expected) => {
    expect(read(readerOf(call), told)).toBe(expected);
  });

  it('are letters where the grammar names none', () => {
    expect(read(readerOf(string), ['"', '«<m>»', '"'])).toBe('"<m>"');
    expect(read(readerOf(choice(string, special('<unknown>'))), ['"', '«<m>»', '"'])).toBe('"<m>"');
  });

  it('are what they are where nothing is constrained', () => {
    expect(read(asTold, ['<m>', '«<m>»'])).toBe('<m>«<m>»');
  });

  it('lose no letter, however the answer is cut', () => {
    const answers = ['<m>"<e><m>"<e>', '<m>""!', '<m>"a', 'nonsense <m>', '<m>"é😀"<e>'];
    const cuts = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(fc.constantFrom(...answers), cuts, (answer, sizes) => {
        const told: string[] = [];
        const letters = [...answer];
        for (const size of sizes) if (letters.length > 0) told.push(letters.splice(0, size).join(''));
        expect(read(readerOf(call), told)).toBe(read(readerOf(call), [answer]));
      }),
    );
  });
});
