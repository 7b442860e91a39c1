/** A prompt as token ids, from an engine that recognises added tokens wherever they are spelled. */

import type { Prompt } from '../../chat/prompt.ts';
import type { AddedTokens } from './added-tokens.ts';
import { createCutter } from './cut-spellings.ts';

/** The ids of a text, added tokens recognised, nothing put before or behind; the engine's own tokenizer. */
export type Encode = (text: string) => Promise<readonly number[]>;

/** What tokenising needs. */
export interface TokenizeParts {
  readonly encode: Encode;
  readonly added: AddedTokens;
  /** The token every prompt must begin with, if the model wants one. */
  readonly bos: number | undefined;
}

/** So many added tokens are tried as separators: one that keeps white space beside it is enough, a second rarely used. */
const maxCandidates = 8;
const enoughSeparators = 3;

interface Separator {
  readonly spelling: string;
  readonly id: number;
}

/** Makes the function that turns prompts into token ids: one question each, however much is spelled in them. */
export async function createTokenize(parts: TokenizeParts): Promise<(prompt: Prompt) => Promise<Int32Array>> {
  const { encode, added, bos } = parts;
  const cut = createCutter(added.spellings);
  const separators = await findSeparators(encode, added);
  return async (prompt) => {
    const { parts: texts, meant } = cut(prompt);
    const separator = separators.find(({ spelling }) => !meant.has(spelling));
    const ids = await encodeApart(encode, texts, separator);
    return Int32Array.from(bos === undefined || ids[0] === bos ? ids : [bos, ...ids]);
  };
}

/**
 * Parts are put into one text with a token between them that nothing else in it is, and that is taken out again: what
 * stands on both sides of an added token is tokenised apart.
 */
async function encodeApart(
  encode: Encode,
  texts: readonly string[],
  separator: Separator | undefined,
): Promise<readonly number[]> {
  if (texts.length === 1) return encode(texts[0] ?? '');
  if (separator !== undefined) {
    const ids = await encode(texts.join(separator.spelling));
    const kept = ids.filter((id) => id !== separator.id);
    // A spelling may begin in a part and end in the separator.
    if (ids.length - kept.length === texts.length - 1) return kept;
  }
  const lists: (readonly number[])[] = [];
  for (const text of texts) lists.push(await encode(text));
  return lists.flat();
}

/** Some added tokens swallow the white space beside them: those are of no use. */
async function findSeparators(encode: Encode, { spellings }: AddedTokens): Promise<readonly Separator[]> {
  const found: Separator[] = [];
  for (const spelling of spellings.slice(0, maxCandidates)) {
    const ids = await encode(spelling);
    const id = ids.at(-1);
    if (id === undefined || found.length === enoughSeparators) continue;
    const plain = await encode(`a${spelling}a`);
    const behind = await encode(`a ${spelling}a`);
    const before = await encode(`a${spelling} a`);
    const isOne = [plain, behind, before].every((list) => list.filter((each) => each === id).length === 1);
    const isTold = new Set([plain, behind, before].map(String)).size === 3;
    if (isOne && isTold) found.push({ spelling, id });
  }
  return found;
}
