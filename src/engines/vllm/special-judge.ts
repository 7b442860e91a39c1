/** Tells whether a control token stands for itself or, inside constrained text, for the letters that spell it. */

import { type Cursor, compileGrammar } from '../../grammar/automaton.ts';
import type { Grammar } from '../../grammar/grammar.ts';
import type { EngineGrammar } from './grammar-book.ts';

/** Follows one answer. XGrammar takes a control token wherever its letters may stand. */
export interface SpecialJudge {
  text(text: string): void;
  /** Is it a token, not letters? */
  isToken(special: string): boolean;
}

/** Nothing is constrained: every token is what it is. */
export const everyToken: SpecialJudge = { text: () => {}, isToken: () => true };

/** Where the grammar names no control token, the engine can only have meant letters. */
const noToken: SpecialJudge = { text: () => {}, isToken: () => false };

const encoder = new TextEncoder();

/** A judge for an answer under this grammar. */
export function createJudge(grammar: Grammar, page: EngineGrammar): SpecialJudge {
  return page.namesControls ? new Follower(compileGrammar(grammar).start()) : noToken;
}

class Follower implements SpecialJudge {
  /** Absent once the answer is not what the grammar says: the engine's own is a little wider. */
  #cursor: Cursor | undefined;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  text(text: string): void {
    if (this.#cursor?.accept(encoder.encode(text)) === false) this.#cursor = undefined;
  }

  isToken(special: string): boolean {
    if (this.#cursor === undefined || this.#cursor.acceptSpecial(special)) return true;
    this.text(special);
    return this.#cursor === undefined;
  }
}
