/** All tokens of a vocabulary, read once: bytes, spellings of special ones, and which of them end an answer. */

import type { Vocabulary } from '../../grammar/vocabulary.ts';
import { type Library, type Pointer, tokenAttribute } from './layouts.ts';

/** The vocabulary as automaton, answers and tokenizer use it. */
export interface TokenTable extends Vocabulary {
  /** Is this one of the model's own end-of-generation tokens? */
  isEnd(id: number): boolean;
  readonly ends: readonly number[];
  /** The id of a special token. */
  idOf(special: string): number | undefined;
  /** Spellings that the tokenizer turns into a token of their own. */
  readonly controls: readonly string[];
  readonly userDefined: readonly string[];
}

const longestPiece = 1024;

/** Reads the vocabulary: two native calls a token. */
export function readTokenTable(library: Library, vocabulary: Pointer): TokenTable {
  const size = library.vocabularySize(vocabulary);
  const offsets = new Uint32Array(size + 1);
  const special = new Map<number, string>();
  const ends: number[] = [];
  const userDefined: string[] = [];
  let bytes = Buffer.alloc(size * 8 + longestPiece);
  let used = 0;
  for (let id = 0; id < size; id++) {
    const attributes = library.tokenAttributes(vocabulary, id);
    const isEnd = library.tokenIsEnd(vocabulary, id);
    const isSpecial = isEnd || (attributes & tokenAttribute.control) !== 0;
    if (isEnd) ends.push(id);
    if (isSpecial) special.set(id, library.tokenText(vocabulary, id));
    if ((attributes & tokenAttribute.userDefined) !== 0) userDefined.push(library.tokenText(vocabulary, id));
    if (!isSpecial && (attributes & (tokenAttribute.unknown | tokenAttribute.unused)) === 0) {
      if (bytes.length - used < longestPiece) bytes = Buffer.concat([bytes], bytes.length * 2);
      used += Math.max(0, library.tokenToPiece(vocabulary, id, bytes.subarray(used), longestPiece, 0, false));
    }
    offsets[id + 1] = used;
  }
  const all = bytes.subarray(0, used);
  const ids = new Map([...special].map(([id, spelling]) => [spelling, id]));
  return {
    size,
    bytes: (id) => all.subarray(offsets[id], offsets[id + 1]),
    special: (id) => special.get(id),
    isEnd: (id) => ends.includes(id),
    ends,
    idOf: (spelling) => ids.get(spelling),
    controls: [...special.values()],
    userDefined,
  };
}
