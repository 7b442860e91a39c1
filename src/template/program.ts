/** A compiled template: the library's syntax tree, seen through types, and what is learnt from it once. */

import { ConfigError } from '../base/errors.ts';
import { parseTemplate, type SyntaxNode } from './library.ts';

/** The fields of all kinds of nodes; which of them a node has, its `type` says. */
interface NodeFields {
  readonly value: string;
  readonly operand: SyntaxNode;
  readonly filter: SyntaxNode;
  readonly body: readonly SyntaxNode[];
  readonly negate: boolean;
  readonly test: SyntaxNode;
  readonly assignee: SyntaxNode;
  readonly left: SyntaxNode;
  readonly right: SyntaxNode;
  readonly operator: { readonly value: string };
  readonly object: SyntaxNode;
  readonly property: SyntaxNode;
  readonly computed: boolean;
  readonly callee: SyntaxNode;
  readonly args: readonly SyntaxNode[];
}

/** Real templates have at most some ten thousand characters. */
const maxSourceLength = 1 << 18;
/** The library trims white space by patterns whose time grows with the square of a run's length. */
const maxBlankRun = 2_000;

/** A template that can be run any number of times. */
export interface Program {
  readonly root: SyntaxNode;
  /** Expressions that loops run over. */
  readonly iterables: ReadonlySet<SyntaxNode>;
  /** All string literals. */
  readonly literals: ReadonlySet<string>;
  fields(node: SyntaxNode): NodeFields;
  entries(node: SyntaxNode): Iterable<[SyntaxNode, SyntaxNode]>;
}

/** Compiles; a ConfigError says what is wrong with the template. */
export function compile(source: string): Program {
  if (source.length > maxSourceLength) throw unusable(`it is ${source.length} characters long`);
  if (longestBlankRun(source) > maxBlankRun) throw unusable('it has thousands of blanks in a row');
  try {
    const root = parseTemplate(source);
    const iterables = new Set<SyntaxNode>();
    const literals = new Set<string>();
    for (const node of walk(root)) {
      if (isOfType(node, 'For')) iterables.add(iterated(node));
      if (isOfType(node, 'StringLiteral')) literals.add(fields(node).value);
    }
    return { root, iterables, literals, fields, entries };
  } catch (cause) {
    throw unusable(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function longestBlankRun(source: string): number {
  let longest = 0;
  let run = 0;
  for (const character of source) {
    run = character.trim() === '' ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** The template cannot serve; the message says what to do about it. */
export function unusable(reason: string, cause?: unknown): ConfigError {
  const advice = 'give another with --chat-template';
  return new ConfigError('model_unusable', `The model's chat template cannot be used: ${reason} (${advice}).`, {
    cause,
  });
}

/** The library does not export the types of its nodes; the compiled tree is its own, so the fields are as it says. */
function fields(node: SyntaxNode): NodeFields {
  return node as unknown as NodeFields;
}

function entries(node: SyntaxNode): Iterable<[SyntaxNode, SyntaxNode]> {
  return (node as unknown as { value: Map<SyntaxNode, SyntaxNode> }).value;
}

function iterated(node: SyntaxNode): SyntaxNode {
  const { iterable } = node as unknown as { iterable: SyntaxNode };
  return iterable.type === 'SelectExpression' ? (iterable as unknown as { lhs: SyntaxNode }).lhs : iterable;
}

function isOfType(node: object, type: string): node is SyntaxNode {
  return 'type' in node && node.type === type;
}

/** Every object in the tree, without recursion: templates may nest as deep as they like. */
function* walk(root: object): Generator<object> {
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const item = waiting.pop();
    if (typeof item !== 'object' || item === null) continue;
    if (item instanceof Map) for (const pair of item) waiting.push(...pair);
    else {
      if (!Array.isArray(item)) yield item;
      for (const child of Object.values(item)) waiting.push(child);
    }
  }
}
