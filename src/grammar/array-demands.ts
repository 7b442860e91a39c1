/** Grammar of lists that must hold something, or nothing twice, where that can be decided item by item. */

import type { Json } from '../base/json.ts';
import { isSchema, type JsonSchema, member, type SchemaObject } from '../schema/json-schema.ts';
import { choice, type GrammarNode, repeat, sequence, text } from './grammar.ts';
import { literalNode } from './literal-grammar.ts';
import type { SchemaContext } from './schema-context.ts';
import { count, literalValues, typesOf } from './schema-facts.ts';

/** A list of so many items. */
export interface ItemCount {
  readonly min: number;
  readonly max: number;
}

/** More values are not told apart: each set of those already written is a rule. */
const maxValues = 8;

/** Lists of values of which none comes twice; undefined where there are too many values, or none are named. */
export function uniqueItems(
  schema: SchemaObject,
  { min, max }: ItemCount,
  context: SchemaContext,
): GrammarNode | undefined {
  const items = member(schema, 'items');
  const values = isSchema(items) ? fewValues(context.resolved(items)) : undefined;
  if (values === undefined || values.length > maxValues) return undefined;
  if (min > values.length) return context.never();
  const { spelling } = context;
  const nodes = values.map((value) => context.define(literalNode([value], spelling.item, context)));
  const rules = new Map<number, GrammarNode>();
  /** What may follow once the values of these bits are written. */
  const after = (taken: number, written: number): GrammarNode => {
    const known = rules.get(taken);
    if (known !== undefined) return known;
    const comma = written === 0 ? [] : [spelling.itemSeparator];
    const ways = nodes.flatMap((node, index) => {
      const bit = 1 << index;
      return written >= max || (taken & bit) !== 0 ? [] : [sequence(...comma, node, after(taken | bit, written + 1))];
    });
    if (written >= min) ways.push(text(''));
    const rule = context.define(choice(...ways));
    rules.set(taken, rule);
    return rule;
  };
  return after(0, 0);
}

/** The values of a schema that allows nothing but them. */
function fewValues(schema: JsonSchema): readonly Json[] | undefined {
  if (typeof schema === 'boolean') return undefined;
  const values = literalValues(schema);
  if (values !== undefined)
    return new Set(values.map((value) => JSON.stringify(value))).size === values.length ? values : undefined;
  const types = typesOf(schema);
  if (!types.every((type) => type === 'boolean' || type === 'null')) return undefined;
  return types.flatMap((type): Json[] => (type === 'null' ? [null] : [true, false]));
}

/** Where the item that must be there may stand, at most. */
const maxPlaces = 20;

/**
 * Lists in which an item matches `contains`, by the place of one such item; undefined where that is too much. The other
 * items are any that `items` allows.
 */
export function containingItems(
  schema: SchemaObject,
  { min, max }: ItemCount,
  context: SchemaContext,
): GrammarNode | undefined {
  const wanted = member(schema, 'contains');
  const items = member(schema, 'items');
  if (!isSchema(wanted) || Array.isArray(items) || member(schema, 'prefixItems') !== undefined) return undefined;
  if ((count(schema, 'minContains') ?? 1) !== 1 || member(schema, 'maxContains') !== undefined) return undefined;
  const places = max === Infinity ? Math.max(1, min) : max;
  if (places > maxPlaces) return undefined;
  if (max === 0 || wanted === false || items === false) return context.never();
  const { spelling } = context;
  const all = isSchema(items) ? items : true;
  const any = context.define(context.value(all, spelling.item));
  const found = context.define(context.value(all === true ? wanted : { allOf: [all, wanted] }, spelling.item));
  const before = sequence(any, spelling.itemSeparator);
  const behind = sequence(spelling.itemSeparator, any);
  const ways = Array.from({ length: places }, (_, place) => {
    const isLast = max === Infinity && place === places - 1;
    const rest = Math.max(0, min - place - 1);
    return sequence(
      isLast ? repeat(before, place) : repeat(before, place, place),
      found,
      max === Infinity ? repeat(behind, rest) : repeat(behind, rest, max - place - 1),
    );
  });
  return choice(...ways);
}

/** Does `contains` demand anything? */
export function demandsItem(schema: SchemaObject): boolean {
  const wanted = member(schema, 'contains');
  if (!isSchema(wanted)) return false;
  return (count(schema, 'minContains') ?? 1) > 0 || member(schema, 'maxContains') !== undefined;
}
