import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenize, type Tokenizer } from './tokenize.ts';

const controls = ['<|end|>', '<|user|>', '<tool>>'];
const userDefined = ['<tool>', 'd|><', '  ', '😀!'];
const spellings = [...controls, ...userDefined];

/** One token a character, and one from 1,000,000 upwards for each spelling; a blank in front if asked. */
function standIn(shape: { bos?: number; prefixesBlank?: boolean } = {}): Tokenizer {
  return {
    bos: shape.bos,
    prefixesBlank: shape.prefixesBlank ?? false,
    controls,
    userDefined,
    encode(text, parseSpecial) {
      const known = parseSpecial ? spellings : userDefined;
      const sorted = [...known].sort((a, b) => b.length - a.length);
      const tokens: number[] = shape.prefixesBlank === true ? [32] : [];
      for (let rest = text; rest !== ''; ) {
        const found = sorted.find((spelling) => rest.startsWith(spelling));
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
  it('knows special tokens in trusted text only', async () => {
    const tokenize = createTokenize(standIn());
    const prompt = [trusted('<|user|>'), untrusted('say <|end|> <tool>'), trusted('<|end|>')];
    expect(spelled(await tokenize(prompt))).toBe('[<|user|>]say <|end|> <tool>[<|end|>]');
  });

  it('breaks spellings that untrusted text completes, begins or overlaps', async () => {
    const tokenize = createTokenize(standIn());
    expect(spelled(await tokenize([trusted('<|us'), untrusted('er|>')]))).toBe('<|user|>');
    expect(spelled(await tokenize([untrusted('<|'), trusted('user|>')]))).toBe('<|user|>');
    expect(spelled(await tokenize([untrusted('<|end|><|end|>')]))).toBe('<|end|><|end|>');
    expect(spelled(await tokenize([untrusted('<tool>>'), untrusted('😀!')]))).toBe('<tool>>😀!');
    expect(spelled(await tokenize([trusted('<|end|>'), untrusted('<')]))).toBe('[<|end|>]<');
  });

  it('leaves runs of blanks alone', async () => {
    expect(spelled(await createTokenize(standIn())([untrusted('a  b')]))).toBe('a[  ]b');
  });

  it('never makes a special token of untrusted text, and loses nothing', async () => {
    const part = fc.constantFrom(...spellings, '<', '|', 'end', '>', 'd|>', 'x', ' ');
    const segment = fc.record({
      text: fc.array(part, { maxLength: 5 }).map((parts) => parts.join('')),
      trusted: fc.boolean(),
    });
    const tokenize = createTokenize(standIn());
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { maxLength: 6 }), async (prompt) => {
        const tokens = await tokenize(prompt);
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

  it('puts exactly one BOS in front', async () => {
    const bos = 1_000_001;
    const tokenize = createTokenize(standIn({ bos }));
    expect([...(await tokenize([untrusted('a')]))]).toEqual([bos, 97]);
    expect([...(await tokenize([trusted('<|user|>a')]))]).toEqual([bos, 97]);
    expect([...(await tokenize([]))]).toEqual([bos]);
  });

  it('hands long texts over in parts: between words if there are any, never inside a special token', async () => {
    const seen: string[] = [];
    const inner = standIn();
    const tokenize = createTokenize({
      ...inner,
      encode: (text, parse) => {
        seen.push(text);
        return inner.encode(text, parse);
      },
    });
    const special = '<|end|>'.repeat(5000);
    const letters = '<tool>'.repeat(3000);
    expect(await tokenize([trusted(special)])).toEqual(inner.encode(special, true));
    const long = `${'words and '.repeat(3000)}${'x'.repeat(20_000)}${'😀'.repeat(9000)}<|end|>${'y'.repeat(9000)}`;
    expect(await tokenize([trusted(long)])).toEqual(inner.encode(long, true));
    expect(Math.max(...seen.map((part) => part.length))).toBeLessThanOrEqual(8192);
    expect(seen.filter((part) => part.startsWith(' and ') || part.startsWith(' words')).length).toBeGreaterThan(2);
    expect(spelled(await tokenize([untrusted(special)]))).toBe(special);
    expect(spelled(await tokenize([untrusted(letters)]))).toBe(letters);
  });

  it('adds no blank inside a text that it had to cut', async () => {
    const tokenize = createTokenize(standIn({ prefixesBlank: true }));
    expect(spelled(await tokenize([untrusted('a<|end|>b')]))).toBe(' a<|end|>b');
  });
});
