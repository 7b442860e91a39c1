/** A grammar checked and laid out for the automaton: numbered nodes without dead ends and without left recursion. */

import { Bug, RequestError } from '../base/errors.ts';
import { CodePointRows } from './code-point-set.ts';
import type { Grammar, GrammarNode } from './grammar.ts';
import { type Leaf, setLeaf, spanLeaf, textLeaf, wordsLeaf } from './leaf.ts';
import { type OpeningSearch, searchOpenings } from './openings.ts';

/** A node of the program; children are node numbers. */
export type ProgramNode =
  | { readonly kind: 'leaf'; readonly leaf: Leaf }
  | { readonly kind: 'special'; readonly token: string }
  | { readonly kind: 'sequence'; readonly items: readonly number[] }
  | { readonly kind: 'choice'; items: readonly number[] }
  | { readonly kind: 'repeat'; readonly item: number; readonly min: number; readonly max: number }
  | {
      readonly kind: 'free';
      readonly search: OpeningSearch;
      /** What follows each opening of the search. */
      readonly then: readonly number[];
      readonly specials: ReadonlyMap<string, number>;
    }
  | { readonly kind: 'never' };

/** What the automaton runs. */
export interface Program {
  readonly nodes: readonly ProgramNode[];
  readonly root: number;
}

/** A grammar of more nodes is refused. */
export const maxNodes = 300_000;
/** Literal text (UTF-16 units) a grammar may hold: texts, words, openings and span sources together. */
export const maxLiteralSize = 4_000_000;

/** Lays out a grammar; RequestError if it is too large, left-recursive, or matches nothing at all. */
export function layOutProgram(grammar: Grammar): Program {
  const { nodes, root } = check(new Layout(grammar));
  return { nodes, root };
}

/** What printers must know of the nodes of a grammar. */
export interface GrammarSurvey {
  /** Does some text match this node? */
  isProductive(node: GrammarNode): boolean;
  /** Does the empty text match this node? */
  isNullable(node: GrammarNode): boolean;
}

/** Looks over a grammar, of whose special tokens only those of `exists` can be written; RequestError as above. */
export function surveyGrammar(grammar: Grammar, exists: (special: string) => boolean): GrammarSurvey {
  const layout = new Layout(grammar, exists);
  const { productive, nullable } = check(layout);
  const holds = (known: readonly boolean[], node: GrammarNode): boolean => known[layout.numberOf(node) ?? -1] === true;
  return { isProductive: (node) => holds(productive, node), isNullable: (node) => holds(nullable, node) };
}

interface Checked extends Program {
  readonly productive: readonly boolean[];
  readonly nullable: readonly boolean[];
}

function check(layout: Layout): Checked {
  const { nodes, root } = layout.whole();
  const productive = leastFixpoint(nodes, isProductive);
  const alive = nodes.map((node, index) => (productive[index] === true ? prune(node, productive) : never));
  if (productive[root] !== true)
    throw new RequestError('invalid_schema', 'The grammar is empty: no answer at all would satisfy it.');
  const nullable = leastFixpoint(alive, isNullable);
  refuseLeftRecursion(alive, nullable);
  return { nodes: alive, root, productive, nullable };
}

/** Is there any answer at all that the grammar accepts? */
export function matchesSomething(grammar: Grammar): boolean {
  const { nodes, root } = new Layout(grammar).whole();
  return leastFixpoint(nodes, isProductive)[root] === true;
}

const never: ProgramNode = { kind: 'never' };

/** Numbers the nodes; shared nodes (by identity) and rules are laid out once. */
class Layout {
  readonly #grammar: Grammar;
  readonly #exists: (special: string) => boolean;
  readonly #nodes: ProgramNode[] = [];
  readonly #seen = new Map<GrammarNode, number>();
  readonly #rules = new Map<string, number>();
  readonly #codePoints = new CodePointRows();
  readonly #pending: (() => void)[] = [];
  #literalSize = 0;

  constructor(grammar: Grammar, exists: (special: string) => boolean = () => true) {
    this.#grammar = grammar;
    this.#exists = exists;
  }

  /** The number that the node has once the whole grammar is laid out. */
  numberOf(node: GrammarNode): number | undefined {
    return this.#seen.get(node);
  }

  whole(): Program {
    const root = this.#number(this.#grammar.root);
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) next();
    return { nodes: this.#nodes, root };
  }

  #number(node: GrammarNode): number {
    const known = this.#seen.get(node);
    if (known !== undefined) return known;
    const own = this.#reserve();
    this.#seen.set(node, own);
    // Later, not now: the depth of a grammar is not bounded by our stack.
    this.#pending.push(() => {
      this.#nodes[own] = this.#laidOut(node);
    });
    return own;
  }

  #reserve(): number {
    if (this.#nodes.length >= maxNodes) throw tooLarge(`more than ${maxNodes} grammar nodes`);
    return this.#nodes.push(never) - 1;
  }

  #laidOut(node: GrammarNode): ProgramNode {
    switch (node.kind) {
      case 'text':
        this.#count(node.text.length);
        return { kind: 'leaf', leaf: textLeaf(node.text) };
      case 'words':
        for (const word of node.words) this.#count(word.length + 1);
        return node.words.length === 0 ? never : { kind: 'leaf', leaf: wordsLeaf(node.words) };
      case 'set':
        return leafOrNever(setLeaf(this.#codePoints, node.ranges, node.negated));
      case 'span':
        for (const source of node.sources) this.#count(source.units.length);
        return leafOrNever(spanLeaf(node.sources));
      case 'special':
        return this.#exists(node.token) ? { kind: 'special', token: node.token } : never;
      case 'sequence':
        return { kind: 'sequence', items: node.items.map((item) => this.#number(item)) };
      case 'choice':
        return { kind: 'choice', items: node.items.map((item) => this.#number(item)) };
      case 'repeat':
        return { kind: 'repeat', item: this.#number(node.item), ...bounds(node.min, node.max) };
      case 'rule':
        return { kind: 'choice', items: [this.#rule(node.name)] };
      case 'free':
        return this.#free(node);
    }
  }

  #rule(name: string): number {
    const known = this.#rules.get(name);
    if (known !== undefined) return known;
    const body = Object.hasOwn(this.#grammar.rules, name) ? this.#grammar.rules[name] : undefined;
    if (body === undefined) throw new Bug(`The grammar has no rule '${name}'.`);
    const number = this.#number(body);
    this.#rules.set(name, number);
    return number;
  }

  #free(node: GrammarNode & { kind: 'free' }): ProgramNode {
    const then = node.openings.map((opening) => this.#number(opening.then));
    const specials = new Map<string, number>();
    const texts = node.openings.map(({ opening }, index) => {
      if ('text' in opening) return opening.text;
      if (!specials.has(opening.special)) specials.set(opening.special, then[index] ?? 0);
      return undefined;
    });
    for (const text of texts) this.#count(text?.length ?? 0);
    return { kind: 'free', search: searchOpenings(texts, node), then, specials };
  }

  #count(size: number): void {
    this.#literalSize += size;
    if (this.#literalSize > maxLiteralSize) throw tooLarge(`more than ${maxLiteralSize} characters of literal text`);
  }
}

function leafOrNever(leaf: Leaf | undefined): ProgramNode {
  return leaf === undefined ? never : { kind: 'leaf', leaf };
}

/** Counts stand in 32 bits of a stack's key; nobody can reach this many rounds. */
const maxRounds = 2 ** 31;

function bounds(min: number, max = Infinity): { min: number; max: number } {
  return { min: Math.min(min, maxRounds), max: max > maxRounds ? Infinity : max };
}

function tooLarge(what: string): RequestError {
  return new RequestError('schema_too_large', `The grammar is too large: ${what}.`);
}

/** Children whose value decides the value of a node, for the work list below. */
function children(node: ProgramNode): readonly number[] {
  if (node.kind === 'sequence' || node.kind === 'choice') return node.items;
  return node.kind === 'repeat' ? [node.item] : [];
}

/** The least assignment that satisfies `holds`, found by a work list from children to parents. */
function leastFixpoint(
  nodes: readonly ProgramNode[],
  holds: (node: ProgramNode, known: readonly boolean[]) => boolean,
): boolean[] {
  const parents: number[][] = nodes.map(() => []);
  nodes.forEach((node, index) => {
    for (const child of children(node)) parents[child]?.push(index);
  });
  const known = nodes.map(() => false);
  const work = nodes.map((_, index) => index);
  for (let index = work.pop(); index !== undefined; index = work.pop()) {
    const node = nodes[index];
    if (known[index] === true || node === undefined || !holds(node, known)) continue;
    known[index] = true;
    for (const parent of parents[index] ?? []) work.push(parent);
  }
  return known;
}

/** Does some text match? */
function isProductive(node: ProgramNode, known: readonly boolean[]): boolean {
  if (node.kind === 'never') return false;
  if (node.kind === 'sequence') return node.items.every((item) => known[item]);
  if (node.kind === 'choice') return node.items.some((item) => known[item]);
  if (node.kind === 'repeat') return node.max >= node.min && (node.min === 0 || known[node.item] === true);
  return true;
}

/** Does the empty text match? */
function isNullable(node: ProgramNode, known: readonly boolean[]): boolean {
  if (node.kind === 'sequence') return node.items.every((item) => known[item]);
  if (node.kind === 'choice') return node.items.some((item) => known[item]);
  if (node.kind === 'repeat') return node.min === 0 || known[node.item] === true;
  if (node.kind === 'leaf') return node.leaf.mayBeEmpty;
  return node.kind === 'free';
}

/** Without what can never match; a repeat of it is empty. */
function prune(node: ProgramNode, productive: readonly boolean[]): ProgramNode {
  if (node.kind === 'choice') return { kind: 'choice', items: node.items.filter((item) => productive[item]) };
  if (node.kind === 'repeat' && productive[node.item] !== true) return { kind: 'sequence', items: [] };
  return node;
}

/** A left corner of a node, and whether something waits behind it. */
type Corner = readonly [child: number, pushes: boolean];

function corners(node: ProgramNode, nullable: readonly boolean[]): Corner[] {
  if (node.kind === 'choice') return node.items.map((item): Corner => [item, false]);
  if (node.kind === 'repeat') return [[node.item, node.max > 1]];
  if (node.kind !== 'sequence') return [];
  const out: Corner[] = [];
  for (const [index, item] of node.items.entries()) {
    out.push([item, index < node.items.length - 1]);
    if (nullable[item] !== true) break;
  }
  return out;
}

/** A node that can begin with itself and something behind would pile up stacks without reading a byte. */
function refuseLeftRecursion(nodes: readonly ProgramNode[], nullable: readonly boolean[]): void {
  const edges = nodes.map((node) => corners(node, nullable));
  const component = components(edges);
  edges.forEach((list, from) => {
    for (const [to, pushes] of list)
      if (pushes && component[from] === component[to])
        throw new RequestError('schema_too_large', 'The grammar is left-recursive: a rule begins with itself.');
  });
}

/** Tarjan's strongly connected components, without recursion. */
function components(edges: readonly (readonly Corner[])[]): number[] {
  const component = edges.map(() => -1);
  const order = edges.map(() => -1);
  const low = edges.map(() => 0);
  const open: number[] = [];
  let clock = 0;
  let count = 0;
  for (let start = 0; start < edges.length; start++) {
    if (order[start] !== -1) continue;
    const path: { node: number; next: number }[] = [];
    const visit = (node: number): void => {
      order[node] = low[node] = clock++;
      open.push(node);
      path.push({ node, next: 0 });
    };
    visit(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node } = top;
      const child = edges[node]?.[top.next++]?.[0];
      if (child !== undefined) {
        if (order[child] === -1) visit(child);
        else if (component[child] === -1) low[node] = Math.min(low[node] ?? 0, order[child] ?? 0);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent.node] = Math.min(low[parent.node] ?? 0, low[node] ?? 0);
      if (low[node] !== order[node]) continue;
      for (let member = -1; member !== node; ) {
        member = open.pop() ?? node;
        component[member] = count;
      }
      count++;
    }
  }
  return component;
}
