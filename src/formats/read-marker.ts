/** Reads markers and blanks from an answer. */

import type { AnswerSource, Waiting } from './answer-source.ts';

const blanks: ReadonlySet<string> = new Set([' ', '\t', '\r', '\n', '\u00a0', '\u200b', '\ufeff', '\u3000']);

/** Reads one of the spellings, as letters or as a special token; of several the longest. Without one nothing is read. */
export function* readMarker(source: AnswerSource, spellings: readonly string[]): Waiting<boolean> {
  if (!(yield* source.more())) return false;
  if (source.special !== undefined) {
    const isMarker = spellings.includes(source.special);
    if (isMarker) source.skip();
    return isMarker;
  }
  const first = source.letter;
  let left = spellings.filter((spelling) => spelling !== '' && spelling[0] === first);
  if (left.length === 0) return false;
  source.mark();
  for (let length = 0; left.length > 0; length++) {
    if (left.some((spelling) => spelling.length === length)) {
      if (left.length === 1 || !(yield* isContinued(source, left, length))) {
        source.commit();
        return true;
      }
      left = left.filter((spelling) => spelling.length > length);
    }
    if (!(yield* source.more())) break;
    const letter = source.letter;
    left = left.filter((spelling) => letter !== undefined && spelling[length] === letter);
    source.skip();
  }
  source.rewind();
  return false;
}

/** The same for a marker that the answer's end may have cut short. */
export function* readLastMarker(source: AnswerSource, spellings: readonly string[]): Waiting<boolean> {
  if (yield* readMarker(source, spellings)) return true;
  if (source.ended === undefined || source.isDry) return false;
  const { rest } = source;
  const isCut = spellings.some((spelling) => spelling.startsWith(rest));
  if (isCut) for (let count = rest.length; count > 0; count--) source.skip();
  return isCut;
}

/** Does the next letter fit a longer spelling? */
function* isContinued(source: AnswerSource, spellings: readonly string[], length: number): Waiting<boolean> {
  if (!(yield* source.more())) return false;
  const letter = source.letter;
  return letter !== undefined && spellings.some((spelling) => spelling[length] === letter);
}

/** Skips blanks, at most `limit`. */
export function* skipBlanks(source: AnswerSource, limit = Infinity): Waiting<void> {
  for (let count = 0; count < limit; count++) {
    if (source.isDry && !(yield* source.more())) return;
    const letter = source.letter;
    if (letter === undefined || !blanks.has(letter)) return;
    source.skip();
  }
}
