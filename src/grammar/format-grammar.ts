/** Grammar of the formats' texts: made once, with rules of the same names in every grammar that holds them. */

import type { TextAutomaton } from '../schema/text-automaton.ts';
import type { GrammarNode } from './grammar.ts';
import type { Characters } from './notation-characters.ts';
import { declaredIn, type SchemaContext } from './schema-context.ts';
import { textContent } from './text-grammar.ts';

/** A node and the rules it names. */
interface FormatGrammar {
  readonly node: GrammarNode;
  readonly rules: Readonly<Record<string, GrammarNode>>;
}

const kept = new Map<string, FormatGrammar>();
const maxKept = 100;

/** The texts of a format, whose automaton this is, as they stand in this notation. */
export function formatContent(
  { format, texts }: { readonly format: string; readonly texts: TextAutomaton },
  context: SchemaContext,
  characters: Characters,
): GrammarNode {
  const key = `format-${format}-${characters.name}`;
  let grammar = kept.get(key);
  if (grammar === undefined) {
    grammar = makeGrammar(key, texts, characters);
    if (kept.size >= maxKept) kept.clear();
    kept.set(key, grammar);
  }
  context.include(grammar.rules);
  return grammar.node;
}

function makeGrammar(key: string, texts: TextAutomaton, characters: Characters): FormatGrammar {
  const rules: Record<string, GrammarNode> = {};
  let count = 0;
  const whole = declaredIn(rules, key);
  whole.define(textContent(texts, { declare: () => declaredIn(rules, `${key}-${++count}`) }, characters));
  return { node: whole.node, rules };
}
