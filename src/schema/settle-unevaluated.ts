/** `unevaluatedProperties` and `unevaluatedItems` as keywords that speak of less, where they mean the same. */

import { type JsonSchema, member, type SchemaObject } from './json-schema.ts';

/** The two keywords. */
export const unevaluatedKeywords: readonly string[] = ['unevaluatedProperties', 'unevaluatedItems'];

/** What may evaluate something depending on the value, or looks as if it did once it is rewritten. */
const conditional = ['anyOf', 'oneOf', 'not', 'if', 'dependencies', 'dependentSchemas', '$dynamicRef'];

/** Does it depend on the value what this schema evaluates? */
export function evaluatesByValue(schema: JsonSchema): boolean {
  return typeof schema === 'object' && conditional.some((key) => member(schema, key) !== undefined);
}

/** The same demand without the two keywords; undefined if it cannot be said. */
export function settleUnevaluated(schema: SchemaObject): SchemaObject | undefined {
  const { unevaluatedProperties: properties, unevaluatedItems: items, ...others } = schema;
  const isOpen = ['$ref', 'allOf'].some((key) => member(schema, key) !== undefined) || evaluatesByValue(schema);
  if (isOpen || (items !== undefined && member(schema, 'contains') !== undefined)) return undefined;
  const restKey = Array.isArray(member(schema, 'items')) ? 'additionalItems' : 'items';
  return {
    ...others,
    ...(properties !== undefined && !('additionalProperties' in others) && { additionalProperties: properties }),
    ...(items !== undefined && !(restKey in others) && { [restKey]: items }),
  };
}
