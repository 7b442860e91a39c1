/** A grammar as llama-server takes it: GBNF with special tokens by their ids, and the tokens it must not draw. */

import { isAppError } from '../../base/errors.ts';
import type { Constraint } from '../../grammar/constraint.ts';
import type { Grammar } from '../../grammar/grammar.ts';
import { printGbnf } from '../../grammar/print-gbnf.ts';
import { afterToken } from './after-token.ts';
import type { ServerVocabulary } from './vocabulary.ts';

/** A token that an answer must begin with, and the grammar of what follows. */
export interface ForcedToken {
  readonly id: number;
  readonly spelling: string;
  readonly rest: Grammar;
}

/**
 * A grammar ready to be sent. The server always ends at some tokens (llama.cpp knows them by their spelling, `<|call|>`
 * among them): of a grammar that names such a token inside an answer it gets the part before, and is asked again for what
 * follows.
 */
export interface ServerGrammar {
  /** Absent = every answer begins with `forced`. */
  readonly text?: string;
  readonly forced?: ForcedToken;
  /** Special tokens that the grammar does not name: the server would take them for their letters. */
  readonly banned: readonly number[];
  /** The tokens at which the server ends, and the answer perhaps does not. */
  readonly endsInside: ReadonlySet<number>;
  /** False = an answer must pass such a token in its middle. */
  readonly isEnforced: boolean;
}

/** Prints grammars, each once. */
export type GrammarPrinter = (constraint: Pick<Constraint, 'grammar' | 'ends'>) => ServerGrammar | undefined;

/** Makes it. */
export function createGrammarPrinter(vocabulary: ServerVocabulary): GrammarPrinter {
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
  const endsInside = new Map<number, string>();
  const tokenId = (spelling: string): number | undefined => {
    const id = vocabulary.idOf(spelling);
    if (id === undefined || !vocabulary.ends.has(id)) {
      if (id !== undefined) named.add(id);
      return id;
    }
    if (!ends.includes(spelling)) endsInside.set(id, spelling);
    return undefined;
  };
  const text = printOrNothing(grammar, tokenId, endsInside);
  const forced = text === undefined ? forcedToken(grammar, endsInside) : undefined;
  const kept = new Set(ends);
  const banned = [...vocabulary.controls].flatMap(([id, spelling]) =>
    named.has(id) || vocabulary.ends.has(id) || kept.has(spelling) ? [] : [id],
  );
  return {
    ...(text !== undefined && { text }),
    ...(forced !== undefined && { forced }),
    banned,
    endsInside: new Set(endsInside.keys()),
    isEnforced: text !== undefined || forced !== undefined,
  };
}

/** Nothing is left of a grammar all of whose answers pass a token at which the server ends. */
function printOrNothing(
  grammar: Grammar,
  tokenId: (spelling: string) => number | undefined,
  endsInside: ReadonlyMap<number, string>,
): string | undefined {
  try {
    return printGbnf(grammar, tokenId).text;
  } catch (thrown) {
    if (endsInside.size > 0 && isAppError(thrown) && thrown.code === 'invalid_schema') return undefined;
    throw thrown;
  }
}

function forcedToken(grammar: Grammar, endsInside: ReadonlyMap<number, string>): ForcedToken | undefined {
  const ways = [...endsInside].flatMap(([id, spelling]): ForcedToken[] => {
    const rest = afterToken(grammar, [], spelling);
    return rest === undefined ? [] : [{ id, spelling, rest }];
  });
  return ways.length === 1 ? ways[0] : undefined;
}
