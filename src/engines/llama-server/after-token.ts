/** What is left of a grammar behind a special token, when what stands before it is written. */

import type { Piece } from '../../chat/piece.ts';
import { compileGrammar } from '../../grammar/automaton.ts';
import { choice, type Grammar, type GrammarNode, repeat, sequence } from '../../grammar/grammar.ts';

/** A part of an answer. */
export type Written = Pick<Piece, 'text' | 'special'>;

/** One way through a grammar that passes the token: all that may stand before it, and all that may follow. */
interface Way {
  readonly before: GrammarNode;
  readonly rest: GrammarNode;
}

/**
 * The grammar of everything that may follow `written` and the token; undefined = the token may not stand here. Counts of
 * repetitions around the token begin anew behind it.
 */
export function afterToken(grammar: Grammar, written: readonly Written[], token: string): Grammar | undefined {
  const { rules } = grammar;
  const search = new Search(rules, token);
  const rests = search
    .ways(grammar.root, new Set())
    .filter(({ before }) => matches({ root: before, rules }, written))
    .map(({ rest }) => rest);
  return rests.length === 0 ? undefined : { root: choice(...rests), rules };
}

function matches(grammar: Grammar, written: readonly Written[]): boolean {
  const cursor = compileGrammar(grammar).start();
  const takes = ({ text, special }: Written): boolean =>
    special === undefined ? cursor.accept(Buffer.from(text, 'utf8')) : cursor.acceptSpecial(special);
  return written.every(takes) && cursor.mayEnd();
}

class Search {
  readonly #rules: Grammar['rules'];
  readonly #token: string;

  constructor(rules: Grammar['rules'], token: string) {
    this.#rules = rules;
    this.#token = token;
  }

  /** Of rules inside themselves only the outermost is looked into, and not what follows other openings of free text. */
  ways(node: GrammarNode, inside: ReadonlySet<string>): readonly Way[] {
    switch (node.kind) {
      case 'special':
        return node.token === this.#token ? [{ before: sequence(), rest: sequence() }] : [];
      case 'sequence':
        return this.#sequence(node.items, inside);
      case 'choice':
        return node.items.flatMap((item) => this.ways(item, inside));
      case 'rule': {
        const body = this.#rules[node.name];
        if (body === undefined || inside.has(node.name)) return [];
        return this.ways(body, new Set([...inside, node.name]));
      }
      case 'repeat': {
        const { item, max = Number.POSITIVE_INFINITY } = node;
        const others = max <= 1 ? sequence() : repeat(item, 0);
        return this.ways(item, inside).map(({ before, rest }) => ({
          before: sequence(others, before),
          rest: sequence(rest, others),
        }));
      }
      case 'free':
        return openingWays(node, this.#token);
      default:
        return [];
    }
  }

  #sequence(items: readonly GrammarNode[], inside: ReadonlySet<string>): readonly Way[] {
    const ways: Way[] = [];
    for (const [index, item] of items.entries()) {
      for (const { before, rest } of this.ways(item, inside))
        ways.push({
          before: sequence(...items.slice(0, index), before),
          rest: sequence(rest, ...items.slice(index + 1)),
        });
      // What comes behind the token is reached by passing it.
      if (item.kind === 'special' && item.token === this.#token) break;
    }
    return ways;
  }
}

/** The token as an opening: before it stands free text in which no opening has come yet. */
function openingWays(node: Extract<GrammarNode, { kind: 'free' }>, token: string): readonly Way[] {
  const before = { ...node, openings: node.openings.map(({ opening }) => ({ opening, then: choice() })) };
  const found = node.openings.filter(({ opening }) => 'special' in opening && opening.special === token);
  return found.map(({ then }) => ({ before, rest: then }));
}
