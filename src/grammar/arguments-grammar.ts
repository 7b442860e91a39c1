/** The grammar of a call's arguments in any notation. */

import type { JsonSchema } from '../schema/json-schema.ts';
import { grammarFromSchema, type SchemaGrammar, type SchemaOptions, spelledGrammar } from './from-schema.ts';
import type { Notation } from './notation.ts';
import { bareSpelling } from './spelling-bare.ts';
import { nestedSpelling } from './spelling-nested.ts';
import { pythonSpelling } from './spelling-python.ts';
import { taggedSpelling } from './spelling-tagged.ts';

/** The arguments (an object valid against the schema) as this notation writes them. */
export function argumentsGrammar(schema: JsonSchema, notation: Notation, options: SchemaOptions): SchemaGrammar {
  switch (notation.kind) {
    case 'json':
      return grammarFromSchema(schema, options);
    case 'python':
      return spelledGrammar(schema, pythonSpelling, options);
    case 'bare':
      return spelledGrammar(schema, bareSpelling(notation), options);
    case 'tagged':
      return spelledGrammar(schema, taggedSpelling(notation), options);
    case 'nested':
      return spelledGrammar(schema, nestedSpelling(notation, options.rulePrefix), options);
  }
}
