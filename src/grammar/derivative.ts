/** What is left of a grammar once its first letters are written. */

import { Bug } from '../base/errors.ts';
import { type AnyOrderNode, choice, type Grammar, type GrammarNode, sequence, text } from './grammar.ts';

/** Rules inside each other that are looked into: a beginning is always near. */
const maxDepth = 64;

/**
 * The grammar of everything that may follow `written` (Brzozowski's derivative, letter by letter). For the beginnings of
 * calls and answers, which are texts: stretches to be copied cannot be divided.
 */
export function afterText(grammar: Grammar, written: string): GrammarNode {
  let node = grammar.root;
  for (const letter of written) node = new Derivation(grammar.rules, letter).of(node, 0);
  return node;
}

/** A member of several in any order, and what may follow it. */
interface FirstMember {
  readonly node: GrammarNode;
  readonly rest: AnyOrderNode;
}

class Derivation {
  readonly #rules: Grammar['rules'];
  readonly #letter: string;

  constructor(rules: Grammar['rules'], letter: string) {
    this.#rules = rules;
    this.#letter = letter;
  }

  of(node: GrammarNode, depth: number): GrammarNode {
    if (depth > maxDepth) throw new Bug('A grammar begins too deep inside itself to be divided.');
    const letter = this.#letter;
    switch (node.kind) {
      case 'text':
        return node.text.startsWith(letter) ? text(node.text.slice(letter.length)) : choice();
      case 'words': {
        const rests = node.words.filter((word) => word.startsWith(letter)).map((word) => word.slice(letter.length));
        return rests.length === 0 ? choice() : choice(...rests.map(text));
      }
      case 'set':
        return holds(node, letter) ? sequence() : choice();
      case 'special':
        return choice();
      case 'span':
        throw new Bug('A stretch to be copied cannot be divided.');
      case 'choice':
        return choice(...node.items.map((item) => this.of(item, depth + 1)));
      case 'sequence':
        return this.#sequence(node.items, depth);
      case 'repeat': {
        const { item, min, max } = node;
        if (max === 0) return choice();
        const bound = max === undefined ? {} : { max: max - 1 };
        return sequence(this.of(item, depth + 1), { kind: 'repeat', item, min: Math.max(0, min - 1), ...bound });
      }
      case 'anyOrder':
        return this.#anyOrder(node, depth + 1);
      case 'rule':
        return this.of(this.#rules[node.name] ?? choice(), depth + 1);
      case 'free':
        return { ...node, begun: (node.begun ?? '') + letter };
    }
  }

  #sequence(items: readonly GrammarNode[], depth: number): GrammarNode {
    const ways: GrammarNode[] = [];
    for (const [index, item] of items.entries()) {
      ways.push(sequence(this.of(item, depth + 1), ...items.slice(index + 1)));
      if (!this.#mayBeEmpty(item, depth)) break;
    }
    return choice(...ways);
  }

  /** Each member may be the first: what is left of it, and the others behind. */
  #anyOrder(node: AnyOrderNode, depth: number): GrammarNode {
    const { members, extra, separator } = node;
    const ways = members.map(
      (each): FirstMember => ({
        node: each.node,
        rest: { ...node, members: members.filter((one) => one !== each), continued: true },
      }),
    );
    if (extra !== undefined) ways.push({ node: extra, rest: { ...node, continued: true } });
    const firsts = ways.map((way) => sequence(this.of(way.node, depth), way.rest));
    if (node.continued !== true) return choice(...firsts);
    const behind = choice(...ways.map((way) => sequence(way.node, way.rest)));
    const rest = sequence(this.of(separator, depth), behind);
    return this.#mayBeEmpty(separator, depth) ? choice(rest, ...firsts) : rest;
  }

  #mayBeEmpty(node: GrammarNode, depth: number): boolean {
    if (depth > maxDepth) return false;
    switch (node.kind) {
      case 'text':
        return node.text === '';
      case 'words':
        return node.words.includes('');
      case 'sequence':
        return node.items.every((item) => this.#mayBeEmpty(item, depth + 1));
      case 'choice':
        return node.items.some((item) => this.#mayBeEmpty(item, depth + 1));
      case 'repeat':
        return node.min === 0 || this.#mayBeEmpty(node.item, depth + 1);
      case 'anyOrder':
        return !node.members.some(({ isRequired }) => isRequired);
      case 'rule':
        return this.#mayBeEmpty(this.#rules[node.name] ?? choice(), depth + 1);
      default:
        return node.kind === 'free';
    }
  }
}

function holds(node: GrammarNode & { kind: 'set' }, letter: string): boolean {
  const point = letter.codePointAt(0) ?? 0;
  return node.ranges.some(([first, last]) => point >= first && point <= last) !== node.negated;
}
