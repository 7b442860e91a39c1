/** Tells control tokens from the letters that spell them, in answers of an engine that takes one for the other. */

import { type Cursor, compileGrammar } from '../../grammar/automaton.ts';
import type { Grammar } from '../../grammar/grammar.ts';
import type { EngineGrammar } from './grammar-book.ts';

/** Letters, or a control token. */
export interface Marked {
  readonly text: string;
  readonly special?: string;
}

/** Follows one answer; what it is told it hands back, some of it later. */
export interface MarkerReader {
  text(text: string): readonly Marked[];
  special(spelling: string): readonly Marked[];
  /** What is still held when the answer ends. */
  end(): readonly Marked[];
}

const letters = (text: string): readonly Marked[] => (text === '' ? [] : [{ text }]);

/** Nothing is constrained: everything is what it is. */
export const asTold: MarkerReader = {
  text: letters,
  special: (special) => [{ text: '', special }],
  end: () => [],
};

/** Where the grammar names no control token, the engine can only have meant letters. */
const lettersOnly: MarkerReader = { ...asTold, special: letters };

/**
 * A reader for an answer under this grammar, which the engine was given with letters for control tokens: by XGrammar
 * either may then stand for the other, and the grammar says which was meant. (Its own notation for tokens by id is of
 * no use: 0.2.8 mixes up grammars that differ in nothing but the id.)
 */
export function createMarkerReader(grammar: Grammar, { controls }: EngineGrammar): MarkerReader {
  return controls.size === 0 ? lettersOnly : new Follower(compileGrammar(grammar).start(), controls);
}

const encoder = new TextEncoder();

class Follower implements MarkerReader {
  /** Absent once the answer is not what the grammar says: what the engine was given may be a little wider. */
  #cursor: Cursor | undefined;
  readonly #controls: ReadonlySet<string>;
  /** The beginning of a control token's spelling, where only that token may stand. */
  #held = '';

  constructor(cursor: Cursor, controls: ReadonlySet<string>) {
    this.#cursor = cursor;
    this.#controls = controls;
  }

  text(text: string): readonly Marked[] {
    const told = this.#held + text;
    this.#held = '';
    if (this.#cursor === undefined || this.#cursor.accept(encoder.encode(told))) return letters(told);
    return this.#takeApart(told, this.#cursor);
  }

  special(special: string): readonly Marked[] {
    if (this.#held !== '') return this.text(special);
    if (this.#cursor === undefined || this.#cursor.acceptSpecial(special)) return [{ text: '', special }];
    return this.text(special);
  }

  end(): readonly Marked[] {
    const held = this.#held;
    this.#held = '';
    return letters(held);
  }

  #takeApart(told: string, cursor: Cursor): readonly Marked[] {
    const marked: Marked[] = [];
    let start = 0;
    let at = 0;
    while (at < told.length) {
      const letter = String.fromCodePoint(told.codePointAt(at) ?? 0);
      if (cursor.accept(encoder.encode(letter))) {
        at += letter.length;
        continue;
      }
      marked.push(...letters(told.slice(start, at)));
      start = at;
      const rest = told.slice(at);
      const special = this.#find((spelling) => rest.startsWith(spelling), cursor);
      if (special === undefined) break;
      cursor.acceptSpecial(special);
      marked.push({ text: '', special });
      at += special.length;
      start = at;
    }
    return [...marked, ...this.#hold(told.slice(start), at === told.length, cursor)];
  }

  /** Letters that may become a token's spelling wait; all others end what the grammar can tell. */
  #hold(rest: string, isTaken: boolean, cursor: Cursor): readonly Marked[] {
    if (isTaken) return letters(rest);
    if (this.#find((spelling) => spelling.startsWith(rest), cursor) === undefined) {
      this.#cursor = undefined;
      return letters(rest);
    }
    this.#held = rest;
    return [];
  }

  #find(fits: (spelling: string) => boolean, cursor: Cursor): string | undefined {
    return [...this.#controls].find((spelling) => fits(spelling) && cursor.clone().acceptSpecial(spelling));
  }
}
