/** Grammar of given values, with the same freedom of blanks as everywhere. */

import type { Json } from '../base/json.ts';
import { isJsonObject } from '../schema/json-schema.ts';
import { choice, type GrammarNode, sequence, text, words } from './grammar.ts';
import type { SchemaContext } from './schema-context.ts';
import type { Spelling } from './spelling.ts';

/** One of these values. */
export function literalNode(values: readonly Json[], spelling: Spelling, context: SchemaContext): GrammarNode {
  const nodes = values.flatMap((value) => structureNode(value, spelling, context) ?? []);
  const strings = new Set(values.filter((value) => typeof value === 'string'));
  const written = strings.size === 0 ? undefined : spelling.words([...strings]);
  if (strings.size > 0) nodes.unshift(written ?? context.never());
  nodes.unshift(...numberNodes(values, spelling));
  const booleans = new Set(values.filter((value) => typeof value === 'boolean'));
  if (booleans.size > 0) nodes.unshift(spelling.boolean([...booleans]));
  if (values.includes(null)) nodes.unshift(spelling.null);
  const [only] = nodes;
  return nodes.length === 1 && only !== undefined ? only : choice(...nodes);
}

function numberNodes(values: readonly Json[], spelling: Spelling): GrammarNode[] {
  const numbers = [...new Set(values.filter((value) => typeof value === 'number'))];
  const whole = numbers.filter((value) => Number.isInteger(value));
  const others = numbers.filter((value) => !Number.isInteger(value));
  const nodes: GrammarNode[] = [];
  if (whole.length > 0) nodes.push(spelling.number(words(whole.map(String)), ['integer', 'number']));
  if (others.length > 0) nodes.push(spelling.number(words(others.map(String)), ['number']));
  return nodes;
}

/** Objects and lists; undefined for anything else. */
function structureNode(value: Json, spelling: Spelling, context: SchemaContext): GrammarNode | undefined {
  if (Array.isArray(value)) {
    const items = value.map((item) => literalNode([item], spelling.item, context));
    return spelling.array(joined(items, spelling.itemSeparator));
  }
  if (!isJsonObject(value)) return undefined;
  const members = Object.entries(value).map(([key, item]) => {
    const place = spelling.member(key);
    return place === undefined ? context.never() : sequence(place.before, literalNode([item], place.value, context));
  });
  return spelling.object(joined(members, spelling.memberSeparator));
}

function joined(nodes: readonly GrammarNode[], separator: GrammarNode): GrammarNode {
  const items = nodes.flatMap((node, index) => (index === 0 ? [node] : [separator, node]));
  return items.length === 0 ? text('') : { kind: 'sequence', items };
}
