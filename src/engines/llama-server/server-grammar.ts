/** A grammar as llama-server takes it: GBNF with special tokens by their ids, and the tokens it must not draw. */

import type { Constraint } from '../../grammar/constraint.ts';
import type { Grammar } from '../../grammar/grammar.ts';
import { printGbnf } from '../../grammar/print-gbnf.ts';
import type { ServerVocabulary } from './vocabulary.ts';

/** A grammar ready to be sent. */
export interface ServerGrammar {
  readonly text: string;
  /** Special tokens that the grammar does not name: the server would take them for their letters. */
  readonly banned: readonly number[];
  /** False = it names a token at which the server always ends. */
  readonly isEnforced: boolean;
}

/** Prints grammars, each once. */
export function createGrammarPrinter(
  vocabulary: ServerVocabulary,
): (constraint: Pick<Constraint, 'grammar' | 'ends'>) => ServerGrammar | undefined {
  const printed = new WeakMap<Grammar, ServerGrammar>();
  return ({ grammar, ends }) => {
    if (grammar === undefined) return undefined;
    const known = printed.get(grammar) ?? print(grammar, ends, vocabulary);
    printed.set(grammar, known);
    return known;
  };
}

function print(grammar: Grammar, ends: readonly string[], vocabulary: ServerVocabulary): ServerGrammar {
  const named = new Set<number>();
  const { text } = printGbnf(grammar, (spelling) => {
    const id = vocabulary.idOf(spelling);
    if (id !== undefined) named.add(id);
    return id;
  });
  const kept = new Set(ends);
  const banned = [...vocabulary.controls].flatMap(([id, spelling]) =>
    named.has(id) || vocabulary.ends.has(id) || kept.has(spelling) ? [] : [id],
  );
  return { text, banned, isEnforced: ![...named].some((id) => vocabulary.ends.has(id)) };
}
