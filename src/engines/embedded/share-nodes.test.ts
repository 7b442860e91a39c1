/** Shared nodes are written once, and the language stays the same. */

import { describe, expect, it } from 'vitest';
import { compileGrammar } from '../../grammar/automaton.ts';
import { choice, free, type Grammar, type GrammarNode, repeat, rule, sequence, text } from '../../grammar/grammar.ts';
import { shareNodes } from './share-nodes.ts';

/** As the engine reads it. */
const sent = (grammar: Grammar): Grammar => JSON.parse(JSON.stringify(shareNodes(grammar)));

function accepts(grammar: Grammar, value: string): boolean {
  const cursor = compileGrammar(grammar).start();
  return cursor.accept(new TextEncoder().encode(value)) && cursor.mayEnd();
}

/** A node that holds itself twice, `depth` times over: `2 ** depth` words when written out. */
const doubled = (depth: number): GrammarNode => {
  let node: GrammarNode = choice(text('a'), text('b'));
  for (let level = 0; level < depth; level++) node = sequence(node, node);
  return node;
};

describe('shareNodes', () => {
  it('writes a node once however many places hold it', () => {
    const grammar = { root: doubled(16), rules: {} };
    const size = JSON.stringify(shareNodes(grammar)).length;
    expect(size).toBeLessThan(3_000);
    expect(sent({ root: doubled(3), rules: {} })).not.toEqual({ root: doubled(3), rules: {} });
    for (const value of ['abababab', 'aaaaaaaa'])
      expect(accepts(sent({ root: doubled(3), rules: {} }), value)).toBe(true);
    for (const value of ['ababab', 'ababababa', 'abcababa'])
      expect(accepts(sent({ root: doubled(3), rules: {} }), value)).toBe(false);
  });

  it('shares across rules, repeats and what follows an opening, and takes no name that exists', () => {
    const value = choice(text('x'), rule('shared-0'));
    const rules = { 'shared-0': sequence(text('('), value, text(')')), twice: repeat(value, 2, 2) };
    const root = free({ opening: { text: '!' }, then: sequence(value, rule('twice')) });
    const grammar = { root, rules };
    for (const text of ['no', 'a!xxx', '!x(x)((x))']) {
      expect(accepts(grammar, text), text).toBe(true);
      expect(accepts(sent(grammar), text), text).toBe(true);
    }
    for (const text of ['!xx', '!xxxx', '!x(x)']) expect(accepts(sent(grammar), text), text).toBe(false);
  });

  it('leaves a grammar without shared nodes as it is', () => {
    const grammar = { root: sequence(text('a'), text('b')), rules: { other: choice(text('c')) } };
    expect(shareNodes(grammar)).toBe(grammar);
  });
});
