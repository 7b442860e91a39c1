/** A prompt as token ids: trusted text may contain special tokens, untrusted text is letters whatever it spells. */

import { setImmediate as immediate } from 'node:timers/promises';
import type { Prompt } from '../../chat/prompt.ts';
import { createPartition, type PromptPart, type Spellings } from '../prompt-parts.ts';

/** What tokenising needs of a model. */
export interface Tokenizer extends Spellings {
  /** Control tokens are recognised only if `parseSpecial`, user-defined ones always. */
  encode(text: string, parseSpecial: boolean): Int32Array;
  /** The token every prompt must begin with, if the model wants one. */
  readonly bos: number | undefined;
  /** Does the tokenizer put a blank before each text? */
  readonly prefixesBlank: boolean;
}

/** Makes the function that turns prompts into token ids; other work may go on between the parts of a long one. */
export function createTokenize(tokenizer: Tokenizer): (prompt: Prompt) => Promise<Int32Array> {
  const partition = createPartition(tokenizer);
  return async (prompt) => {
    const lists: Int32Array[] = [];
    for (const part of partition(prompt)) {
      if (lists.length > 0) await immediate();
      const isInside = lists.length > 0 && tokenizer.prefixesBlank;
      lists.push(isInside ? encodeInside(tokenizer, part) : tokenizer.encode(part.text, part.parseSpecial));
    }
    const { bos } = tokenizer;
    if (bos !== undefined && lists[0]?.[0] !== bos) lists.unshift(Int32Array.of(bos));
    return concatenate(lists);
  };
}

/** Tokens of text that stands inside another, without the blank that the tokenizer puts in front. */
function encodeInside(tokenizer: Tokenizer, { text, parseSpecial }: PromptPart): Int32Array {
  const lead = tokenizer.encode('\n', false);
  const whole = tokenizer.encode(`\n${text}`, parseSpecial);
  const isClean = lead.every((token, index) => whole[index] === token);
  return isClean ? whole.subarray(lead.length) : tokenizer.encode(text, parseSpecial);
}

function concatenate(lists: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(lists.reduce((total, list) => total + list.length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}
