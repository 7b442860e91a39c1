/** What the parts of the schema compiler need of each other. */

import type { JsonSchema } from '../schema/json-schema.ts';
import type { GrammarNode } from './grammar.ts';

/** The compiler, as its parts see it. */
export interface SchemaContext {
  /** The grammar of a value valid against this schema. */
  value(schema: JsonSchema): GrammarNode;
  /** Notes a keyword that is not enforced. */
  relax(keyword: string): void;
  /** Matches nothing; the compiler must know that this can happen. */
  never(): GrammarNode;
  /** Makes a rule of a node. */
  define(node: GrammarNode): GrammarNode;
  /** What free strings hold between their quotes, if they must be copied. */
  readonly copied: GrammarNode | undefined;
}
