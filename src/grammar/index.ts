/** The package's entry `aimindserve/grammar`: grammars from JSON Schema, run over bytes or printed for engines. */

export { type CompiledGrammar, type Cursor, compileGrammar } from './automaton.ts';
export type { Constraint } from './constraint.ts';
export { grammarFromSchema, type SchemaGrammar, type SchemaOptions } from './from-schema.ts';
export {
  type AnyOrderMember,
  type AnyOrderNode,
  type CodePointRange,
  choice,
  free,
  freeAfterStart,
  type Grammar,
  type GrammarNode,
  type GrammarOpening,
  notSet,
  optional,
  repeat,
  rule,
  type SpanSource,
  sequence,
  set,
  special,
  text,
  words,
} from './grammar.ts';
export { type PrintedGrammar, printGbnf, type SpecialTokens } from './print-gbnf.ts';
export { printStructuralTag } from './print-structural-tag.ts';
export { spanSources } from './span-sources.ts';
export type { Vocabulary } from './vocabulary.ts';
