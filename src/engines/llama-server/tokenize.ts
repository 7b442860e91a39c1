/** A prompt as token ids, asked of llama-server: at most one question for trusted text and one for the rest. */

import type { Prompt } from '../../chat/prompt.ts';
import type { EngineClient } from '../engine.ts';
import { createPartition, type PromptPart } from '../prompt-parts.ts';
import type { AskIds, ServerVocabulary } from './vocabulary.ts';

/** A part, the text that is asked, and its ids once they are known. */
interface Asked {
  readonly part: PromptPart;
  readonly text: string;
  ids: readonly number[];
}

/** Stands before a text that goes on another, so that the blank which the tokenizer adds comes before this. */
const lead = '\n';

/** Makes the function; all its questions end with `signal`. */
export function createTokenize(
  askIds: AskIds,
  vocabulary: ServerVocabulary,
  signal: AbortSignal,
): EngineClient['tokenize'] {
  const { controls, userDefined } = vocabulary;
  const partition = createPartition({ controls: [...controls.values()], userDefined });
  const ask = async (all: readonly Asked[]): Promise<void> => {
    const answer = async (parseSpecial: boolean): Promise<void> => {
      const some = all.filter(({ part }) => part.parseSpecial === parseSpecial);
      const texts = some.map(({ text }) => text);
      const lists = await askIds(texts, { parseSpecial, signal });
      for (const [index, asked] of some.entries()) asked.ids = lists[index] ?? [];
    };
    await Promise.all([answer(true), answer(false)]);
  };
  const dropLead = async (inside: readonly Asked[]): Promise<void> => {
    if (inside.length === 0) return;
    const [leading = []] = await askIds([lead], { parseSpecial: false, signal });
    const isClean = ({ ids }: Asked): boolean => leading.every((id, index) => ids[index] === id);
    const [clean, merged] = [inside.filter(isClean), inside.filter((asked) => !isClean(asked))];
    for (const asked of clean) asked.ids = asked.ids.slice(leading.length);
    const again = merged.map(({ part }): Asked => ({ part, text: part.text, ids: [] }));
    await ask(again);
    for (const [index, asked] of merged.entries()) asked.ids = again[index]?.ids ?? [];
  };
  return async (prompt: Prompt) => {
    const { bos, prefixesBlank } = vocabulary;
    const all = partition(prompt).map((part, index): Asked => {
      return { part, text: index > 0 && prefixesBlank ? lead + part.text : part.text, ids: [] };
    });
    await ask(all);
    if (prefixesBlank) await dropLead(all.slice(1));
    const isBegun = bos === undefined || all[0]?.ids[0] === bos;
    return Int32Array.from([...(isBegun ? [] : [bos]), ...all.flatMap(({ ids }) => ids)]);
  };
}
