/** What an engine learns of a plan: the grammar of the whole answer and where it may end. */

import type { Grammar, GrammarOpening } from './grammar.ts';

/** Handed to `EngineClient.generate`; `grammar` absent = nothing is constrained. */
export interface Constraint {
  /** The whole answer, from its first token (after any prefill) to its end. */
  readonly grammar?: Grammar;
  /** The openings inside it, for engines that can only trigger a grammar lazily. */
  readonly openings: readonly GrammarOpening['opening'][];
  /** Texts that end the answer when they appear in it; the engine stops, the reader drops them and what follows. */
  readonly stops: readonly string[];
  /** Special tokens that end the turn, besides the model's own end-of-generation tokens. */
  readonly ends: readonly string[];
}

/** Nothing is constrained. */
export const unconstrained: Constraint = { openings: [], stops: [], ends: [] };
