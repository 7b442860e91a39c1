/** Which of a schema's literal values meet its other keywords too. */

import type { Json } from '../base/json.ts';
import { excludedPatterns } from '../schema/derived-keywords.ts';
import { type JsonSchema, member, type SchemaObject } from '../schema/json-schema.ts';
import { createEvaluation } from '../schema/validate.ts';
import { constrains, without } from './schema-facts.ts';

/** Undefined if none does though the caller wrote all of it: then the list counts for more. */
export function fittingValues(
  root: JsonSchema,
  schema: SchemaObject,
  values: readonly Json[],
): readonly Json[] | undefined {
  const others = member(schema, 'const') === undefined ? without(schema, 'enum') : without(schema, 'const');
  if (!constrains(without(others, 'type', 'nullable'))) return values;
  const evaluation = createEvaluation(root);
  const fitting = values.filter((value) => evaluation.isValid(others, value, ''));
  // An exclusion is our own: this is one of several alternatives, and not the one these values are for.
  return fitting.length > 0 || JSON.stringify(others).includes(excludedPatterns) ? fitting : undefined;
}
