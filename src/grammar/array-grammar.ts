/** Grammar of lists: items, leading items, how many. */

import { isSchema, member, type SchemaObject } from '../schema/json-schema.ts';
import { containingItems, demandsItem, type ItemCount, uniqueItems } from './array-demands.ts';
import { type GrammarNode, optional, repeat, sequence, text } from './grammar.ts';
import { separated } from './json-text.ts';
import type { SchemaContext } from './schema-context.ts';
import { count, prefixOf } from './schema-facts.ts';

/** The arrays a schema allows. */
export function arrayNode(schema: SchemaObject, context: SchemaContext): GrammarNode {
  const min = Math.max(count(schema, 'minItems') ?? 0, context.spelling.fewestItems);
  const max = count(schema, 'maxItems') ?? Infinity;
  if (max < min) return context.never();
  const demanded = demandedItems(schema, { min, max }, context);
  if (demanded !== undefined) return context.spelling.array(demanded);
  const prefix = prefixOf(schema);
  const item = restItem(schema, prefix.length > 0, min > prefix.length, context);
  const { spelling } = context;
  if (prefix.length === 0 && item === spelling.item.anyValue && min === 0 && max === Infinity) return spelling.anyArray;
  const first = prefix.slice(0, max).map((part) => context.value(part, spelling.item));
  const range = { min, max, context };
  return spelling.array(first.length > 0 ? tuple(first, item, range) : list(item, range));
}

/** Lists whose items depend on each other; undefined where they do not, or where that is relaxed. */
function demandedItems(schema: SchemaObject, size: ItemCount, context: SchemaContext): GrammarNode | undefined {
  const isUnique = member(schema, 'uniqueItems') === true && size.max > 1;
  const unique = isUnique ? uniqueItems(schema, size, context) : undefined;
  const isContaining = demandsItem(schema);
  const containing = isContaining && unique === undefined ? containingItems(schema, size, context) : undefined;
  if (isUnique && unique === undefined) context.relax('uniqueItems');
  if (isContaining && containing === undefined) context.relax('contains');
  return unique ?? containing;
}

/** What follows the leading items; with leading items and no word about others, only what `minItems` demands. */
function restItem(
  schema: SchemaObject,
  hasPrefix: boolean,
  isDemanded: boolean,
  context: SchemaContext,
): GrammarNode | undefined {
  const items = member(schema, 'items');
  const found = Array.isArray(items) ? member(schema, 'additionalItems') : items;
  if (found === false) return undefined;
  const { item } = context.spelling;
  if (isSchema(found)) return context.value(found, item);
  return hasPrefix && !isDemanded ? undefined : item.anyValue;
}

function list(item: GrammarNode | undefined, { min, max, context }: Range): GrammarNode {
  if (item === undefined || max === 0) return min === 0 ? text('') : context.never();
  const items = separated(item, context.spelling.itemSeparator, { min, max });
  return min === 0 ? optional(items) : items;
}

interface Range {
  readonly min: number;
  readonly max: number;
  readonly context: SchemaContext;
}

/** Built from the last item to the first, as each optional item makes all later ones optional. */
function tuple(
  first: readonly GrammarNode[],
  item: GrammarNode | undefined,
  { min, max, context }: Range,
): GrammarNode {
  const comma = context.spelling.itemSeparator;
  const more = max - first.length;
  const missing = Math.max(0, min - first.length);
  let rest = text('');
  if (item !== undefined && more > 0)
    rest = repeat(sequence(comma, item), missing, more === Infinity ? undefined : more);
  else if (missing > 0) rest = context.never();
  for (let index = first.length - 1; index >= 0; index--) {
    const here = sequence(...(index > 0 ? [comma] : []), first[index] ?? context.never(), rest);
    rest = index < min ? here : optional(here);
  }
  return rest;
}
