import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Prompt } from '../../chat/prompt.ts';
import { createTokenize } from './tokenize.ts';
import type { AskIds, ServerVocabulary } from './vocabulary.ts';

const spellings = new Map([
  ['<s>', 1],
  ['<|user|>', 2],
]);

const vocabulary = (changes: Partial<ServerVocabulary> = {}): ServerVocabulary => ({
  size: 100,
  controls: new Map([...spellings].map(([spelling, id]) => [id, spelling])),
  userDefined: ['<tool>'],
  ends: new Set(),
  bos: undefined,
  prefixesBlank: false,
  idOf: (spelling) => spellings.get(spelling),
  ...changes,
});

/** A tokenizer of letters, that puts a blank before each text, merges a line feed with what follows it if told to. */
function scripted({ blank = false, merges = false } = {}) {
  const questions: { readonly texts: readonly string[]; readonly parseSpecial: boolean }[] = [];
  const encode = (text: string, parseSpecial: boolean): number[] => {
    const whole = blank && text !== '' ? ` ${text}` : text;
    const pattern = parseSpecial ? /<s>|<\|user\|>|<tool>|\n./gsu : /<tool>|\n./gsu;
    let at = 0;
    const ids: number[] = [];
    const letters = (part: string) => ids.push(...Array.from(part, (letter) => letter.codePointAt(0) ?? 0));
    for (const match of whole.matchAll(pattern)) {
      if (match[0].startsWith('\n') && !merges) continue;
      letters(whole.slice(at, match.index));
      ids.push(match[0].startsWith('\n') ? -5 : (spellings.get(match[0]) ?? 3));
      at = match.index + match[0].length;
    }
    letters(whole.slice(at));
    return ids;
  };
  const ask: AskIds = async (texts, { parseSpecial }) => {
    questions.push({ texts, parseSpecial });
    return texts.map((text) => encode(text, parseSpecial));
  };
  return { ask, questions };
}

const { signal } = new AbortController();
const letters = (text: string): number[] => Array.from(text, (letter) => letter.codePointAt(0) ?? 0);

describe('createTokenize over a wire', () => {
  it('asks once for trusted text and once for the rest, and puts the answers in order', async () => {
    const { ask, questions } = scripted();
    const tokenize = createTokenize(ask, vocabulary(), signal);
    const prompt: Prompt = [
      { text: '<|user|>a', trusted: true },
      { text: '<|user|>', trusted: false },
      { text: '<tool>', trusted: true },
      { text: 'b<tool>', trusted: false },
    ];
    const ids = [...(await tokenize(prompt))];
    expect(ids.filter((id) => id === 2)).toHaveLength(1);
    expect(ids.filter((id) => id === 3)).toHaveLength(1);
    expect(ids.slice(0, 2)).toEqual([2, 97]);
    expect(questions.map(({ parseSpecial }) => parseSpecial).sort()).toEqual([false, true]);
  });

  it('begins with exactly one BOS where the model wants one', async () => {
    const tokenize = createTokenize(scripted().ask, vocabulary({ bos: 1 }), signal);
    expect([...(await tokenize([{ text: 'a', trusted: true }]))]).toEqual([1, 97]);
    expect([...(await tokenize([{ text: '<s>a', trusted: true }]))]).toEqual([1, 97]);
    expect([...(await tokenize([]))]).toEqual([1]);
    const spelt = [...(await tokenize([{ text: '<s>', trusted: false }]))];
    expect(spelt).toEqual([1, ...letters('<s>')]);
  });

  it.each([false, true])('puts no blank inside a text, whether a line feed merges (%s)', async (merges) => {
    const { ask } = scripted({ blank: true, merges });
    const tokenize = createTokenize(ask, vocabulary({ prefixesBlank: true }), signal);
    const ids = [...(await tokenize([{ text: 'a<tool>', trusted: false }]))];
    expect(ids[0]).toBe(32);
    // A tokenizer whose line feed cannot be taken off again writes its blank: better than tokens lost.
    expect(ids).toEqual(merges ? [...letters(' a<'), ...letters(' tool>')] : letters(' a<tool>'));
  });

  it('never makes a special token of what strangers wrote', async () => {
    const tokenize = createTokenize(scripted().ask, vocabulary(), signal);
    const pieces = fc.array(fc.constantFrom('<s>', '<|us', 'er|>', '<tool>', '<to', 'ol>', 'x', '\n', '海'));
    const property = fc.asyncProperty(pieces, async (texts) => {
      const ids = [...(await tokenize(texts.map((text) => ({ text, trusted: false }))))];
      expect(ids).toEqual(letters(texts.join('')));
    });
    await fc.assert(property);
  });
});
