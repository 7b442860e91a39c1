/** Leaves of a program: what of them must be known at once, and their automata, made when they are first read. */

import { CodePointRows, normaliseRanges } from './code-point-set.ts';
import type { GrammarNode } from './grammar.ts';
import { emptyLeaf, type Leaf, setLeaf, spanLeaf, textLeaf } from './leaf.ts';
import { wordsLeaf } from './words-leaf.ts';

/** A node that reads bytes. */
export type LeafNode = GrammarNode & { readonly kind: 'text' | 'words' | 'set' | 'span' };

/** A leaf of a program; most of a large grammar's are never read. */
export class LazyLeaf {
  readonly kind = 'leaf';
  /** Does the empty text match? */
  readonly mayBeEmpty: boolean;
  readonly #node: LeafNode;
  #leaf: Leaf | undefined;

  constructor(node: LeafNode) {
    this.#node = node;
    this.mayBeEmpty = node.kind === 'text' ? node.text === '' : node.kind === 'words' && node.words.includes('');
  }

  get leaf(): Leaf {
    this.#leaf ??= makeLeaf(this.#node);
    return this.#leaf;
  }
}

/** Does any text match? */
export function canMatch(node: LeafNode): boolean {
  if (node.kind === 'words') return node.words.length > 0;
  if (node.kind === 'set') return hasCodePoint(node);
  return node.kind === 'text' || sharedLeaf(node) !== undefined;
}

function hasCodePoint({ ranges, negated }: LeafNode & { kind: 'set' }): boolean {
  const [first] = ranges;
  if (!negated && first !== undefined && first[0] <= first[1] && (first[0] < 0xd800 || first[1] > 0xdfff)) return true;
  return normaliseRanges(ranges, negated).length > 0;
}

function makeLeaf(node: LeafNode): Leaf {
  if (node.kind === 'text') return textLeaf(node.text);
  if (node.kind === 'words') return wordsLeaf(node.words);
  return sharedLeaf(node) ?? emptyLeaf;
}

/** Rows (a kilobyte each) that are kept for the grammars to come. */
const maxRows = 4_000;
let rows = new CodePointRows();
let leaves = new WeakMap<LeafNode, { readonly leaf: Leaf | undefined }>();

/** Sets and spans are made once for all grammars that hold the same node. */
function sharedLeaf(node: LeafNode & { kind: 'set' | 'span' }): Leaf | undefined {
  const known = leaves.get(node);
  if (known !== undefined) return known.leaf;
  if (rows.count > maxRows) {
    rows = new CodePointRows();
    leaves = new WeakMap();
  }
  const leaf = node.kind === 'span' ? spanLeaf(node.sources) : setLeaf(rows, node.ranges, node.negated);
  leaves.set(node, { leaf });
  return leaf;
}
