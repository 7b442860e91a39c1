/** The tokens that were added to a tokenizer's trained ones: what any text that spells them becomes. */

import { readJson } from '../../models/convert/read-json.ts';
import { readAddedTokens } from '../../models/convert/tokenizer-files.ts';

/** What is known of them. */
export interface AddedTokens {
  /** All of them, control tokens first. */
  readonly spellings: readonly string[];
  /** Control tokens are no text; the others stand for the letters that spell them. */
  readonly controls: readonly string[];
  /** The spelling of a control token. */
  special(id: number): string | undefined;
  /** The id of a control token. */
  idOf(special: string): number | undefined;
  /** Is it the spelling of any of them? */
  has(spelling: string): boolean;
}

/** Reads them from the model's folder, as the engine does. */
export function readFolderTokens(folder: string): AddedTokens {
  const added = readAddedTokens(folder, readJson(folder, 'tokenizer_config.json') ?? {});
  const controls = added.filter(({ isSpecial }) => isSpecial);
  const byId = new Map(controls.map(({ id, text }) => [id, text]));
  const byText = new Map(controls.map(({ id, text }) => [text, id]));
  const spellings = new Set([...controls, ...added].map(({ text }) => text).filter((text) => text !== ''));
  return {
    spellings: [...spellings],
    controls: [...byText.keys()],
    special: (id) => byId.get(id),
    idOf: (special) => byText.get(special),
    has: (spelling) => spellings.has(spelling),
  };
}
