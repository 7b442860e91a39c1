/** Grammar of given JSON values, with the same freedom of blanks as everywhere. */

import type { Json } from '../base/json.ts';
import { choice, type GrammarNode, sequence, text, words } from './grammar.ts';
import { colon, comma } from './json-text.ts';

/** One of these values. */
export function literalNode(values: readonly Json[]): GrammarNode {
  const scalars = values.filter((value) => typeof value !== 'object' || value === null);
  const others = values.filter((value) => typeof value === 'object' && value !== null);
  const nodes = others.map(structureNode);
  if (scalars.length > 0) nodes.unshift(words([...new Set(scalars.map((value) => JSON.stringify(value)))]));
  const [only] = nodes;
  return nodes.length === 1 && only !== undefined ? only : choice(...nodes);
}

function structureNode(value: Json): GrammarNode {
  if (Array.isArray(value)) return enclosed('[', value.map(structureNode), ']');
  if (typeof value !== 'object' || value === null) return text(JSON.stringify(value));
  const members = Object.entries(value).map(([key, item]) =>
    sequence(text(JSON.stringify(key)), colon, structureNode(item)),
  );
  return enclosed('{', members, '}');
}

function enclosed(open: string, items: readonly GrammarNode[], close: string): GrammarNode {
  const separated = items.flatMap((item, index) => (index === 0 ? [item] : [comma, item]));
  return { kind: 'sequence', items: [text(open), ...separated, text(close)] };
}
