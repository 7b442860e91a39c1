/** Reads the marks of a notation, whose parts may come as letters or as special tokens. */

import type { AnswerSource, Waiting } from '../answer-source.ts';
import { skipBlanks } from '../read-marker.ts';

/** Does the mark stand here? `cut`: the answer ended inside it. */
export type MarkMatch = 'yes' | 'no' | 'cut';

/** Reads a mark; unless all of it is there, nothing. */
export function* readMark(source: AnswerSource, mark: string): Waiting<MarkMatch> {
  source.mark();
  for (let at = 0; at < mark.length; ) {
    if (source.isDry && !(yield* source.more())) {
      source.rewind();
      return at > 0 ? 'cut' : 'no';
    }
    const unit = source.special ?? source.letter ?? '';
    if (unit === '' || !mark.startsWith(unit, at)) {
      source.rewind();
      return 'no';
    }
    at += unit.length;
    source.skip();
  }
  source.commit();
  return 'yes';
}

/** Reads the first of these marks that stands here. */
export function* readAnyMark(source: AnswerSource, marks: Iterable<string>): Waiting<MarkMatch> {
  let match: MarkMatch = 'no';
  for (const mark of marks) {
    const found = mark === '' ? 'no' : yield* readMark(source, mark);
    if (found === 'yes') return found;
    if (found === 'cut') match = found;
  }
  return match;
}

/** So many blanks may be held in one place: a mark may begin with some. */
export const maxHeldBlanks = 64;

/** Skips blanks as long as there are more than may be held. */
export function* skipSurplusBlanks(source: AnswerSource): Waiting<void> {
  for (;;) {
    const start = source.mark();
    yield* skipBlanks(source, maxHeldBlanks);
    if (source.at - start < maxHeldBlanks) break;
    source.commit();
  }
  source.rewind();
}

/** The tags of a mark: between two of them blanks are forgiven. */
export function tagsOf(mark: string): readonly string[] {
  return mark.split(/(?<=>)\s*(?=<)/);
}

/** Reads the tags of a mark with blanks before each; unless all of them are there, nothing. */
export function* readTags(source: AnswerSource, tags: readonly string[]): Waiting<MarkMatch> {
  source.mark();
  for (const tag of tags) {
    yield* skipBlanks(source, maxHeldBlanks);
    const match = (yield* source.more()) ? yield* readMark(source, tag) : 'cut';
    if (match === 'yes') continue;
    source.rewind();
    return match;
  }
  source.commit();
  return 'yes';
}

/** The letters with which marks may begin. */
export function firstLetters(marks: Iterable<string>): Set<string> {
  return new Set([...marks].map((mark) => mark.charAt(0)).filter((letter) => letter !== ''));
}

/** What stands up to one of several marks. */
export interface TextBefore {
  readonly text: string;
  readonly mark: string;
}

/** Reads up to and including one of these marks; undefined if none stands within `limit` letters. */
export function* readBefore(
  source: AnswerSource,
  marks: readonly string[],
  limit: number,
): Waiting<TextBefore | 'ended' | undefined> {
  const start = source.at;
  const firsts = firstLetters(marks);
  let text = '';
  while (source.at - start <= limit) {
    if (source.isDry && !(yield* source.more())) return 'ended';
    if (source.special !== undefined || firsts.has(source.letter ?? '')) {
      for (const mark of marks) {
        const match = yield* readMark(source, mark);
        if (match === 'yes') return { text, mark };
        if (match === 'cut') return 'ended';
      }
    }
    if (source.letter === undefined) return undefined;
    text += source.letter;
    source.skip();
  }
  return undefined;
}
