/** Grammars as this engine takes them, each printed once. */

import { isAppError } from '../../base/errors.ts';
import type { Grammar } from '../../grammar/grammar.ts';
import { printGbnf } from '../../grammar/print-gbnf.ts';
import type { AddedTokens } from './added-tokens.ts';

/** A printed grammar, and what must be known to read what comes of it. */
export interface EngineGrammar {
  readonly text: string;
  /** Does the engine allow exactly what the grammar does? Fewer orders of members are fine. */
  readonly isExact: boolean;
  /** Does it name control tokens that the model has? */
  readonly namesControls: boolean;
}

/** XGrammar compiles longer ones for minutes, and nothing else is answered meanwhile. */
const maxCharacters = 400_000;

/** Remembers them as long as somebody holds the grammar. */
export class GrammarBook {
  readonly #tokens: Pick<AddedTokens, 'idOf'>;
  readonly #knowsTokens: boolean;
  readonly #pages = new WeakMap<Grammar, EngineGrammar | 'none'>();

  /** `knowsTokens`: the engine's notation can name a token by its id. */
  constructor(tokens: Pick<AddedTokens, 'idOf'>, knowsTokens: boolean) {
    this.#tokens = tokens;
    this.#knowsTokens = knowsTokens;
  }

  /** Undefined = it cannot be said to this engine. */
  page(grammar: Grammar): EngineGrammar | undefined {
    const known = this.#pages.get(grammar) ?? this.#print(grammar) ?? 'none';
    this.#pages.set(grammar, known);
    return known === 'none' ? undefined : known;
  }

  #print(grammar: Grammar): EngineGrammar | undefined {
    let namesControls = false;
    const specials = (special: string): number | 'letters' | undefined => {
      const id = this.#tokens.idOf(special);
      namesControls ||= id !== undefined;
      return id === undefined || this.#knowsTokens ? id : 'letters';
    };
    try {
      const { text, relaxed } = printGbnf(grammar, specials, (id) => `Token(${id})`);
      if (text.length > maxCharacters) return undefined;
      return { text, isExact: !relaxed.includes('span'), namesControls };
    } catch (thrown) {
      // Too large, or nothing would match: the answer is checked instead.
      if (isAppError(thrown) && thrown.kind === 'request') return undefined;
      throw thrown;
    }
  }
}
