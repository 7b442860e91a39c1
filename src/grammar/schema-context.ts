/** What the parts of the schema compiler need of each other. */

import type { JsonSchema } from '../schema/json-schema.ts';
import type { GrammarNode } from './grammar.ts';
import type { Spelling } from './spelling.ts';

/** The compiler, as its parts see it. */
export interface SchemaContext {
  /** How the value that is being compiled is spelled. */
  readonly spelling: Spelling;
  /** May the properties of all objects stand in any order? */
  readonly anyOrder: boolean;
  /** The grammar of a value valid against this schema, in this spelling. */
  value(schema: JsonSchema, spelling: Spelling): GrammarNode;
  /** What a schema refers to at last, if it is nothing but a reference; else the schema. */
  resolved(schema: JsonSchema): JsonSchema;
  /** Notes a keyword that is not enforced. */
  relax(keyword: string): void;
  /** Matches nothing; the compiler must know that this can happen. */
  never(): GrammarNode;
  /** Makes a rule of a node. */
  define(node: GrammarNode): GrammarNode;
  /** A rule that is named before it is made, for what leads back to itself. */
  declare(): DeclaredRule;
  /** Takes over rules whose names stand for the same in every grammar. */
  include(rules: Readonly<Record<string, GrammarNode>>): void;
  /** The rule of this key, made once for each spelling; a key is no schema's text. */
  shared(key: string, make: () => GrammarNode): GrammarNode;
  /** Is there room for this many more states of texts in the grammar? They are then taken. */
  takes(states: number): boolean;
  /** What free strings hold between their quotes, if they must be copied. */
  readonly copied: GrammarNode | undefined;
}

/** A rule that others may name already. */
export interface DeclaredRule {
  readonly node: GrammarNode;
  define(node: GrammarNode): void;
}

/** Names a rule that is yet to be made. */
export function declaredIn(rules: Record<string, GrammarNode>, name: string): DeclaredRule {
  return {
    node: { kind: 'rule', name },
    define: (node) => {
      rules[name] = node;
    },
  };
}
