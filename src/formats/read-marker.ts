/** Reads markers and blanks from an answer. */

import type { AnswerSource, Waiting } from './answer-source.ts';

const blanks: ReadonlySet<string> = new Set([' ', '\t', '\r', '\n', '\u00a0', '\u200b', '\ufeff', '\u3000']);

/**
 * Reads one of the spellings, of several the longest; without one nothing is read. Wherever in it a special token stands,
 * the token's spelling counts: vocabularies differ in what of a marker is a token.
 */
export function* readMarker(source: AnswerSource, spellings: readonly string[]): Waiting<boolean> {
  if (!(yield* source.more())) return false;
  let left = spellings.filter((spelling) => spelling !== '' && goesOn(spelling, 0, source));
  if (left.length === 0) return false;
  source.mark();
  for (let length = 0; left.length > 0; ) {
    if (left.some((spelling) => spelling.length === length)) {
      const isMore = left.some((spelling) => spelling.length > length) && (yield* source.more());
      const longer = isMore ? left.filter((spelling) => goesOn(spelling, length, source)) : [];
      if (longer.length === 0) {
        source.commit();
        return true;
      }
      left = longer;
    }
    if (!(yield* source.more())) break;
    left = left.filter((spelling) => goesOn(spelling, length, source));
    length += source.special?.length ?? 1;
    source.skip();
  }
  source.rewind();
  return false;
}

/** Does the unit here fit the spelling behind its first `length` letters? */
function goesOn(spelling: string, length: number, source: AnswerSource): boolean {
  const { special, letter } = source;
  return special === undefined
    ? letter !== undefined && spelling[length] === letter
    : spelling.startsWith(special, length);
}

/** The same for a marker that the answer's end may have cut short. */
export function* readLastMarker(source: AnswerSource, spellings: readonly string[]): Waiting<boolean> {
  if (yield* readMarker(source, spellings)) return true;
  if (source.ended === undefined || source.isDry) return false;
  const { spelledRest: rest } = source;
  const isCut = spellings.some((spelling) => spelling.startsWith(rest));
  if (isCut) source.skipRest();
  return isCut;
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
