/** Grammars as this engine takes them, each printed once. */

import { isAppError, type RequestError } from '../../base/errors.ts';
import type { Grammar } from '../../grammar/grammar.ts';
import { printGbnf } from '../../grammar/print-gbnf.ts';
import type { AddedTokens } from './added-tokens.ts';

/** A printed grammar, and what must be known to read what comes of it. */
export interface EngineGrammar {
  readonly text: string;
  /** Does it allow nothing that the grammar forbids? Fewer orders of members are fine. */
  readonly isExact: boolean;
  /** The control tokens that it names, by their letters. */
  readonly controls: ReadonlySet<string>;
}

/** What became of a grammar: `tooLarge` = answers are checked instead; an error = no answer could ever be right. */
type Page = EngineGrammar | 'tooLarge' | RequestError;

/** XGrammar compiles longer ones for minutes, and nothing else is answered meanwhile. */
const maxCharacters = 400_000;

/** Remembers them as long as somebody holds the grammar. */
export class GrammarBook {
  readonly #tokens: Pick<AddedTokens, 'idOf' | 'has'>;
  readonly #pages = new WeakMap<Grammar, Page>();

  constructor(tokens: Pick<AddedTokens, 'idOf' | 'has'>) {
    this.#tokens = tokens;
  }

  /** Does the engine keep to it? */
  isKept(grammar: Grammar): boolean {
    const page = this.#page(grammar);
    return typeof page === 'object' && 'text' in page && page.isExact;
  }

  /** Undefined = it is too large for this engine. Throws RequestError where nothing would match. */
  print(grammar: Grammar): EngineGrammar | undefined {
    const page = this.#page(grammar);
    if (page === 'tooLarge') return undefined;
    if ('text' in page) return page;
    throw page;
  }

  #page(grammar: Grammar): Page {
    const page = this.#pages.get(grammar) ?? this.#write(grammar);
    this.#pages.set(grammar, page);
    return page;
  }

  #write(grammar: Grammar): Page {
    const controls = new Set<string>();
    const specials = (special: string): 'letters' | undefined => {
      if (this.#tokens.idOf(special) !== undefined) controls.add(special);
      // Other added tokens come as text; they open calls all the same.
      return this.#tokens.has(special) ? 'letters' : undefined;
    };
    try {
      const { text, relaxed } = printGbnf(grammar, specials);
      if (text.length > maxCharacters) return 'tooLarge';
      return { text: withoutSurrogates(text), isExact: !relaxed.includes('span'), controls };
    } catch (thrown) {
      if (!isAppError(thrown) || thrown.kind !== 'request') throw thrown;
      return thrown.code === 'schema_too_large' ? 'tooLarge' : thrown;
    }
  }
}

const literalOrSet = /"(?:[^"\\]|\\.)*"|\[(\^?)((?:[^\]\\]|\\.)*)\]/g;

/** Unless they are named, XGrammar's negated sets hold surrogates: three bytes that are no character. */
function withoutSurrogates(grammar: string): string {
  return grammar.replaceAll(literalOrSet, (whole, negation: string | undefined, inside: string | undefined) =>
    negation === '^' ? `[^${inside}\\uD800-\\uDFFF]` : whole,
  );
}
