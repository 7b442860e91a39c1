/** Finds, for the text that is shown, the log probabilities of the tokens that it was written with. */

import type { DrawnLogprob } from '../chat/logprob.ts';
import type { Piece } from '../chat/piece.ts';

interface WaitingToken {
  readonly text: string;
  readonly logprobs: readonly DrawnLogprob[];
}

/** Longest end of a token that is looked for at the beginning of shown text. */
const maxOverlap = 64;

/**
 * Tokens wait in the order they were written. What is shown, and what is passed on as reasoning, is looked up in them
 * in that order; tokens in between were read as markers or calls and are forgotten. A token of which only a part is
 * shown counts as shown. Approximate in one place: where a forgotten token is spelled like the beginning of what is
 * shown right after it, the forgotten one's number is taken.
 */
export class ShownLogprobs {
  #waiting: WaitingToken[] = [];
  #next = 0;
  /** Where the latest piece's tokens begin. */
  #latest = 0;
  /** The part of the last shown token that is still to be shown. */
  #half = '';
  /** Of tokens that made no text yet: bytes of a character that several tokens share. */
  #silent: readonly DrawnLogprob[] = [];

  add(piece: Piece): void {
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
    this.#latest = this.#waiting.length;
    const text = piece.special ?? piece.text;
    const own = piece.logprobs ?? [];
    const isSplit = own.length > 1 && this.#silent.length === 0 && own.map(({ token }) => token).join('') === text;
    if (isSplit) {
      for (const logprob of own) this.#waiting.push({ text: logprob.token, logprobs: [logprob] });
      return;
    }
    const logprobs = [...this.#silent, ...own];
    this.#silent = text === '' ? logprobs : [];
    if (text !== '') this.#waiting.push({ text, logprobs });
  }

  /** The log probabilities of text that is passed on now. */
  take(text: string): readonly DrawnLogprob[] {
    const found: DrawnLogprob[] = [];
    let at = this.#rest(text);
    while (at < text.length && this.#next < this.#waiting.length) {
      const token = this.#waiting[this.#next++];
      if (token === undefined) break;
      const length = overlap(token.text, text, at);
      if (length === 0) continue;
      for (const logprob of token.logprobs) found.push(logprob);
      at += length;
      if (at > text.length) this.#half = token.text.slice(token.text.length - (at - text.length));
    }
    return found;
  }

  /** A call begins or ends here: what was written before the latest piece was the call's. */
  forget(): void {
    this.#half = '';
    this.#next = Math.max(this.#next, this.#latest);
  }

  /** Takes what is left of a half-shown token; how much of the text that was. */
  #rest(text: string): number {
    const half = this.#half;
    this.#half = '';
    if (text.startsWith(half)) return half.length;
    if (!half.startsWith(text)) return 0;
    this.#half = half.slice(text.length);
    return text.length;
  }
}

/** How many letters from `at` on this token stands for: more than are there if the text ends inside it. */
function overlap(token: string, text: string, at: number): number {
  if (text.startsWith(token, at)) return token.length;
  const left = text.length - at;
  if (left < token.length && token.startsWith(text.slice(at))) return token.length;
  for (let from = Math.max(1, token.length - maxOverlap); from < token.length; from++)
    if (text.startsWith(token.slice(from), at)) return token.length - from;
  return 0;
}
