import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenize, type Tokenizer } from './tokenize.ts';

const spellings = ['<|end|>', '<|user|>', '<tool>', '<tool>>', 'd|><', '  ', '😀!'];

/** One token a character, and one from 1,000,000 upwards for each spelling; a blank in front if asked. */
function standIn(shape: { bos?: number; prefixesBlank?: boolean } = {}): Tokenizer {
  const sorted = [...spellings].sort((a, b) => b.length - a.length);
  return {
    bos: shape.bos,
    prefixesBlank: shape.prefixesBlank ?? false,
    spellings,
    encode(text, parseSpecial) {
      const tokens: number[] = shape.prefixesBlank === true ? [32] : [];
      for (let rest = text; rest !== ''; ) {
        const found = parseSpecial ? sorted.find((spelling) => rest.startsWith(spelling)) : undefined;
        const taken = found ?? String.fromCodePoint(rest.codePointAt(0) ?? 0);
        tokens.push(found === undefined ? (taken.codePointAt(0) ?? 0) : 1_000_000 + spellings.indexOf(found));
        rest = rest.slice(taken.length);
      }
      return Int32Array.from(tokens);
    },
  };
}

const spelled = (tokens: Int32Array): string =>
  [...tokens].map((t) => (t >= 1_000_000 ? `[${spellings[t - 1_000_000]}]` : String.fromCodePoint(t))).join('');
const trusted = (text: string) => ({ text, trusted: true });
const untrusted = (text: string) => ({ text, trusted: false });

describe('createTokenize', () => {
  it('knows special tokens in trusted text only', () => {
    const tokenize = createTokenize(standIn());
    const prompt = [trusted('<|user|>'), untrusted('say <|end|> <tool>'), trusted('<|end|>')];
    expect(spelled(tokenize(prompt))).toBe('[<|user|>]say <|end|> <tool>[<|end|>]');
  });

  it('breaks spellings that untrusted text completes, begins or overlaps', () => {
    const tokenize = createTokenize(standIn());
    expect(spelled(tokenize([trusted('<|us'), untrusted('er|>')]))).toBe('<|user|>');
    expect(spelled(tokenize([untrusted('<|'), trusted('user|>')]))).toBe('<|user|>');
    expect(spelled(tokenize([untrusted('<|end|><|end|>')]))).toBe('<|end|><|end|>');
    expect(spelled(tokenize([untrusted('<tool>>'), untrusted('😀!')]))).toBe('<tool>>😀!');
    expect(spelled(tokenize([trusted('<|end|>'), untrusted('<')]))).toBe('[<|end|>]<');
  });

  it('leaves runs of blanks alone', () => {
    expect(spelled(createTokenize(standIn())([untrusted('a  b')]))).toBe('a[  ]b');
  });

  it('never makes a special token of untrusted text, and loses nothing', () => {
    const part = fc.constantFrom(...spellings, '<', '|', 'end', '>', 'd|>', 'x', ' ');
    const segment = fc.record({
      text: fc.array(part, { maxLength: 5 }).map((parts) => parts.join('')),
      trusted: fc.boolean(),
    });
    const tokenize = createTokenize(standIn());
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), (prompt) => {
        const tokens = tokenize(prompt);
        const isTrusted = prompt.flatMap(({ text, trusted }) => [...text].map(() => trusted));
        let at = 0;
        for (const token of tokens) {
          const spelling = spellings[token - 1_000_000];
          const length = spelling === undefined ? 1 : [...spelling].length;
          if (spelling !== undefined && spelling.trim() !== '')
            expect(isTrusted.slice(at, at + length)).toEqual(Array(length).fill(true));
          at += length;
        }
        expect(at).toBe(isTrusted.length);
      }),
      { seed: 31, numRuns: 500 },
    );
  });

  it('puts exactly one BOS in front', () => {
    const bos = 1_000_001;
    const tokenize = createTokenize(standIn({ bos }));
    expect([...tokenize([untrusted('a')])]).toEqual([bos, 97]);
    expect([...tokenize([trusted('<|user|>a')])]).toEqual([bos, 97]);
    expect([...tokenize([])]).toEqual([bos]);
  });

  it('adds no blank inside a text that it had to cut', () => {
    const tokenize = createTokenize(standIn({ prefixesBlank: true }));
    expect(spelled(tokenize([untrusted('a<|end|>b')]))).toBe(' a<|end|>b');
  });
});
