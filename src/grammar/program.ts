/** A grammar checked and laid out for the automaton: numbered nodes without dead ends and without left recursion. */

import { Bug, RequestError } from '../base/errors.ts';
import { type AnyOrderNode, type Grammar, type GrammarNode, maxAnyOrder } from './grammar.ts';
import { canMatch, LazyLeaf, type LeafNode } from './lazy-leaf.ts';
import { type OpeningSearch, searchOpenings } from './openings.ts';

/** A node of the program; children are node numbers. */
export type ProgramNode =
  | LazyLeaf
  | { readonly kind: 'special'; readonly token: string }
  | { readonly kind: 'sequence'; readonly items: readonly number[] }
  | { readonly kind: 'choice'; items: readonly number[] }
  | { readonly kind: 'repeat'; readonly item: number; readonly min: number; readonly max: number }
  | AnyOrderProgram
  | {
      readonly kind: 'free';
      readonly search: OpeningSearch;
      /** What follows each opening of the search. */
      readonly then: readonly number[];
      readonly specials: ReadonlyMap<string, number>;
    }
  | { readonly kind: 'never' };

/** Members in any order; `required` are places among `items`. */
interface AnyOrderProgram {
  readonly kind: 'anyOrder';
  readonly items: readonly number[];
  readonly required: readonly number[];
  readonly separator: number;
  readonly extra: number | undefined;
  readonly continued: boolean;
}

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
  const productive = leastFixpoint(nodes, toProduce);
  const alive = nodes.map((node, index) => (productive[index] === true ? prune(node, productive) : never));
  if (productive[root] !== true)
    throw new RequestError('invalid_schema', 'The grammar is empty: no answer at all would satisfy it.');
  const nullable = leastFixpoint(alive, toBeEmpty);
  refuseLeftRecursion(alive, nullable);
  return { nodes: alive, root, productive, nullable };
}

/** Is there any answer at all that the grammar accepts? */
export function matchesSomething(grammar: Grammar): boolean {
  const { nodes, root } = new Layout(grammar).whole();
  return leastFixpoint(nodes, toProduce)[root] === true;
}

const never: ProgramNode = { kind: 'never' };

/** Numbers the nodes; shared nodes (by identity) and rules are laid out once. */
class Layout {
  readonly #grammar: Grammar;
  readonly #exists: (special: string) => boolean;
  readonly #nodes: ProgramNode[] = [];
  readonly #seen = new Map<GrammarNode, number>();
  readonly #rules = new Map<string, number>();
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
        return new LazyLeaf(node);
      case 'words':
        for (const word of node.words) this.#count(word.length + 1);
        return leafOrNever(node);
      case 'set':
        return leafOrNever(node);
      case 'span':
        for (const source of node.sources) this.#count(source.units.length);
        return leafOrNever(node);
      case 'special':
        return this.#exists(node.token) ? { kind: 'special', token: node.token } : never;
      case 'sequence':
        return { kind: 'sequence', items: node.items.map((item) => this.#number(item)) };
      case 'choice':
        return { kind: 'choice', items: node.items.map((item) => this.#number(item)) };
      case 'repeat':
        return { kind: 'repeat', item: this.#number(node.item), ...bounds(node.min, node.max) };
      case 'anyOrder':
        return this.#anyOrder(node);
      case 'rule':
        return { kind: 'choice', items: [this.#rule(node.name)] };
      case 'free':
        return this.#free(node);
    }
  }

  #anyOrder({ members, separator, extra, continued }: AnyOrderNode): ProgramNode {
    if (members.length > maxAnyOrder) throw tooLarge(`more than ${maxAnyOrder} members in any order`);
    return {
      kind: 'anyOrder',
      items: members.map(({ node }) => this.#number(node)),
      required: members.flatMap(({ isRequired }, index) => (isRequired ? [index] : [])),
      separator: this.#number(separator),
      extra: extra && this.#number(extra),
      continued: continued === true,
    };
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

function leafOrNever(node: LeafNode): ProgramNode {
  return canMatch(node) ? new LazyLeaf(node) : never;
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
  if (node.kind === 'anyOrder') return certain(node);
  return node.kind === 'repeat' ? [node.item] : [];
}

/** What is written in any case. */
function certain({ items, required, separator, continued }: AnyOrderProgram): readonly number[] {
  const members = required.map((index) => items[index] ?? -1);
  return members.length > (continued ? 0 : 1) ? [...members, separator] : members;
}

/** What holds of nodes for as few of them as can be; `needs` says of how many children it must hold first. */
function leastFixpoint(nodes: readonly ProgramNode[], needs: (node: ProgramNode) => number): boolean[] {
  const parents: (number[] | undefined)[] = new Array(nodes.length);
  const missing = new Float64Array(nodes.length);
  const known: boolean[] = new Array(nodes.length).fill(false);
  const work: number[] = [];
  for (const [index, node] of nodes.entries()) {
    const count = needs(node);
    missing[index] = count;
    if (count === 0) work.push(index);
    else if (count < Infinity)
      for (const child of children(node)) {
        const list = parents[child];
        if (list === undefined) parents[child] = [index];
        else list.push(index);
      }
  }
  for (let index = work.pop(); index !== undefined; index = work.pop()) {
    known[index] = true;
    for (const parent of parents[index] ?? []) {
      const left = (missing[parent] ?? 0) - 1;
      missing[parent] = left;
      if (left === 0) work.push(parent);
    }
  }
  return known;
}

/** Of how many children some text must match, so that one matches the node. */
function toProduce(node: ProgramNode): number {
  if (node.kind === 'never') return Infinity;
  if (node.kind === 'sequence') return node.items.length;
  if (node.kind === 'choice') return 1;
  if (node.kind === 'anyOrder') return certain(node).length;
  if (node.kind !== 'repeat') return 0;
  return node.max < node.min ? Infinity : Math.min(node.min, 1);
}

/** How many children the empty text must match, so that it matches the node. */
function toBeEmpty(node: ProgramNode): number {
  if (node.kind === 'sequence') return node.items.length;
  if (node.kind === 'choice') return 1;
  if (node.kind === 'repeat') return Math.min(node.min, 1);
  if (node.kind === 'anyOrder') return certain(node).length;
  if (node.kind === 'leaf') return node.mayBeEmpty ? 0 : Infinity;
  return node.kind === 'free' ? 0 : Infinity;
}

/** Without what can never match; a repeat of it is empty. */
function prune(node: ProgramNode, productive: readonly boolean[]): ProgramNode {
  if (node.kind === 'choice') return { kind: 'choice', items: node.items.filter((item) => productive[item]) };
  if (node.kind === 'repeat' && productive[node.item] !== true) return { kind: 'sequence', items: [] };
  if (node.kind === 'anyOrder') return withPossible(node, productive);
  return node;
}

/** The members that can be written at all; every required one can. */
function withPossible(node: AnyOrderProgram, productive: readonly boolean[]): AnyOrderProgram {
  const { items, required, extra } = node;
  const possible = [...items.keys()].filter((index) => productive[items[index] ?? -1]);
  return {
    ...node,
    items: possible.map((index) => items[index] ?? -1),
    required: required.map((index) => possible.indexOf(index)),
    extra: extra !== undefined && productive[extra] === true ? extra : undefined,
  };
}

/** The children with which a node can begin. */
function corners(node: ProgramNode, nullable: readonly boolean[]): readonly number[] {
  if (node.kind === 'choice') return node.items;
  if (node.kind === 'repeat') return [node.item];
  if (node.kind === 'anyOrder')
    return [...node.items, ...(node.extra === undefined ? [] : [node.extra]), node.separator];
  if (node.kind !== 'sequence') return [];
  const last = node.items.findIndex((item) => nullable[item] !== true);
  return last === -1 ? node.items : node.items.slice(0, last + 1);
}

/** Does something wait behind the child with which the node begins? */
function pushes(node: ProgramNode | undefined, corner: number): boolean {
  if (node?.kind === 'anyOrder') return true;
  if (node?.kind === 'repeat') return node.max > 1;
  return node?.kind === 'sequence' && corner < node.items.length - 1;
}

/** A node that can begin with itself and something behind would pile up stacks without reading a byte. */
function refuseLeftRecursion(nodes: readonly ProgramNode[], nullable: readonly boolean[]): void {
  const edges = nodes.map((node) => corners(node, nullable));
  const component = components(edges);
  for (const [from, list] of edges.entries())
    for (const [corner, to] of list.entries())
      if (component[from] === component[to] && pushes(nodes[from], corner))
        throw new RequestError('schema_too_large', 'The grammar is left-recursive: a rule begins with itself.');
}

/** Tarjan's strongly connected components, without recursion. */
function components(edges: readonly (readonly number[])[]): Int32Array {
  const component = new Int32Array(edges.length).fill(-1);
  const order = new Int32Array(edges.length).fill(-1);
  const low = new Int32Array(edges.length);
  const open: number[] = [];
  let clock = 0;
  let count = 0;
  const path: number[] = [];
  const nextEdge: number[] = [];
  const visit = (node: number): void => {
    low[node] = clock;
    order[node] = clock++;
    open.push(node);
    path.push(node);
    nextEdge.push(0);
  };
  const close = (node: number): void => {
    for (let member = -1; member !== node; ) {
      member = open.pop() ?? node;
      component[member] = count;
    }
    count++;
  };
  for (let start = 0; start < edges.length; start++) {
    if (order[start] !== -1) continue;
    visit(start);
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      const top = path.length - 1;
      const child = edges[node]?.[nextEdge[top] ?? 0];
      if (child !== undefined) {
        nextEdge[top] = (nextEdge[top] ?? 0) + 1;
        if (order[child] === -1) visit(child);
        else if (component[child] === -1) low[node] = Math.min(low[node] ?? 0, order[child] ?? 0);
        continue;
      }
      path.pop();
      nextEdge.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent] ?? 0, low[node] ?? 0);
      if (low[node] === order[node]) close(node);
    }
  }
  return component;
}
