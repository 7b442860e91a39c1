/** A grammar whose shared nodes have become rules: written as JSON, what stands in many places is written once. */

import type { Grammar, GrammarNode } from '../../grammar/grammar.ts';

/** The same language; nodes that several places share by identity are rules of their own. */
export function shareNodes(grammar: Grammar): Grammar {
  return new Sharing(grammar).result();
}

class Sharing {
  readonly #grammar: Grammar;
  /** Shared nodes and their rules' names. */
  readonly #names = new Map<GrammarNode, string>();

  constructor(grammar: Grammar) {
    this.#grammar = grammar;
  }

  result(): Grammar {
    const bodies = Object.entries(this.#grammar.rules);
    const prefix = this.#freePrefix();
    for (const node of sharedNodes([this.#grammar.root, ...bodies.map(([, body]) => body)]))
      this.#names.set(node, `${prefix}${this.#names.size}`);
    if (this.#names.size === 0) return this.#grammar;
    const own = bodies.map(([name, body]) => [name, this.#place(body)]);
    const shared = [...this.#names].map(([node, name]) => [name, this.#withPlaced(node)]);
    return { root: this.#place(this.#grammar.root), rules: Object.fromEntries([...own, ...shared]) };
  }

  /** No rule's name begins with it. */
  #freePrefix(): string {
    const names = Object.keys(this.#grammar.rules);
    let prefix = 'shared-';
    while (names.some((name) => name.startsWith(prefix))) prefix += '-';
    return prefix;
  }

  /** What stands where the node stood. */
  #place(node: GrammarNode): GrammarNode {
    const name = this.#names.get(node);
    return name === undefined ? this.#withPlaced(node) : { kind: 'rule', name };
  }

  #withPlaced(node: GrammarNode): GrammarNode {
    switch (node.kind) {
      case 'sequence':
      case 'choice':
        return { kind: node.kind, items: node.items.map((item) => this.#place(item)) };
      case 'repeat':
        return { ...node, item: this.#place(node.item) };
      case 'free':
        return { ...node, openings: node.openings.map(({ opening, then }) => ({ opening, then: this.#place(then) })) };
      default:
        return node;
    }
  }
}

/** The nodes with more than one parent that a rule's name is shorter than. */
function sharedNodes(roots: readonly GrammarNode[]): Iterable<GrammarNode> {
  const seen = new Set<GrammarNode>();
  const shared = new Set<GrammarNode>();
  const work = [...roots];
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    if (seen.has(node)) {
      if (isWorthSharing(node)) shared.add(node);
      continue;
    }
    seen.add(node);
    for (const child of children(node)) work.push(child);
  }
  return shared;
}

function children(node: GrammarNode): readonly GrammarNode[] {
  if (node.kind === 'sequence' || node.kind === 'choice') return node.items;
  if (node.kind === 'repeat') return [node.item];
  return node.kind === 'free' ? node.openings.map(({ then }) => then) : [];
}

function isWorthSharing(node: GrammarNode): boolean {
  if (node.kind === 'sequence' || node.kind === 'choice') return node.items.length > 0;
  if (node.kind === 'text') return node.text.length > 40;
  return node.kind === 'span' || node.kind === 'words' || node.kind === 'repeat' || node.kind === 'free';
}
