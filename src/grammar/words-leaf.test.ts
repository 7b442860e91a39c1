import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PositionSets } from './position-sets.ts';
import { wordsLeaf } from './words-leaf.ts';

const encoder = new TextEncoder();
const sets = new PositionSets();

/** The positions a word passes; -1 where it is refused. */
function positions(leaf: ReturnType<typeof wordsLeaf>, word: string): number[] {
  const out = [0];
  for (const byte of encoder.encode(word)) {
    const next = leaf.step(out.at(-1) ?? -1, byte, sets);
    out.push(next);
    if (next === -1) break;
  }
  return out;
}

function accepts(leaf: ReturnType<typeof wordsLeaf>, word: string): boolean {
  const at = positions(leaf, word).at(-1) ?? -1;
  return at !== -1 && leaf.mayEnd(at, sets);
}

const word = fc.array(fc.constantFrom('a', 'b', 'é', '漢', '😀'), { maxLength: 4 }).map((letters) => letters.join(''));

it('holds its words and no others', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), fc.array(word, { maxLength: 12 }), (words, others) => {
      const leaf = wordsLeaf(words);
      expect(leaf.mayBeEmpty).toBe(words.includes(''));
      for (const each of [...words, ...others]) expect(accepts(leaf, each)).toBe(words.includes(each));
    }),
    { seed: 20_261_121, numRuns: 500 },
  );
});

it('knows what may follow', () => {
  const leaf = wordsLeaf(['open', 'opened', 'closed']);
  expect(leaf.onlyByte(0, sets)).toBe(-1);
  const at = positions(leaf, 'open').at(-1) ?? -1;
  expect([leaf.mayEnd(at, sets), leaf.mayGoOn(at, sets), leaf.onlyByte(at, sets)]).toEqual([true, true, 0x65]);
  expect(leaf.mayGoOn(positions(leaf, 'opened').at(-1) ?? -1, sets)).toBe(false);
});

it('lets words share their ends', () => {
  const words = Array.from({ length: 10_000 }, (_, index) => `value-${String(index).padStart(4, '0')}-of-the-list`);
  const leaf = wordsLeaf(words);
  expect(new Set(words.flatMap((each) => positions(leaf, each))).size).toBe('value-0000-of-the-list'.length + 1);
});
