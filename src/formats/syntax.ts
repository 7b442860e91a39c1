/** The syntax tree of tool calls: frozen data that rendering, constraining and parsing interpret. */

import type { Spacing } from '../grammar/notation.ts';

/**
 * What each node holds.
 *
 * - `text`: this marker. In a model whose vocabulary has it as a special token it is that token, else letters.
 *   `also` are spellings that are read as well, never written.
 * - `gap`: blanks; written as `text`, read as any run of blanks, none included.
 * - `name`: the tool's name and the delimiter that ends it.
 * - `jsonArgs`: the arguments as a JSON object.
 * - `jsonCall`: an object that names the tool and holds its arguments; the keys in `argumentsAliases` are read like
 *   `argumentsKey`, never written.
 * - `seq`: one after the other.
 * - `many`: one or more, the separator between them.
 * - `optional`: read where it stands; neither written nor offered to the grammar.
 */
export interface SyntaxNodes {
  text: { readonly text: string; readonly also: readonly string[] };
  gap: { readonly text: string };
  name: { readonly end: string };
  jsonArgs: { readonly spacing: Spacing };
  jsonCall: {
    readonly nameKey: string;
    readonly argumentsKey: string;
    readonly argumentsAliases: readonly string[];
    readonly spacing: Spacing;
  };
  seq: { readonly items: readonly Syntax[] };
  many: { readonly item: Syntax; readonly separator: string };
  optional: { readonly item: Syntax };
}

/** The names of the nodes. */
export type SyntaxKind = keyof SyntaxNodes;

/** A node of this kind. */
export type SyntaxOf<K extends SyntaxKind> = { [P in K]: { readonly kind: P } & SyntaxNodes[P] }[K];

/** One piece of how a format writes its calls. */
export type Syntax = SyntaxOf<SyntaxKind>;

/** An interpreter: a new kind of node compiles only when every interpreter knows it. */
export type Interpreter<Context, Result> = {
  readonly [K in SyntaxKind]: (node: SyntaxOf<K>, context: Context) => Result;
};

/** Lets an interpreter read one node. */
export function interpret<K extends SyntaxKind, Context, Result>(
  interpreter: Interpreter<Context, Result>,
  node: SyntaxOf<K>,
  context: Context,
): Result {
  return interpreter[node.kind](node, context);
}

/** A plain string in the factories below stands for a `text` node. */
export type SyntaxLike = Syntax | string;

/** A marker, with the spellings that are read as well. */
export const text = (value: string, ...also: readonly string[]): Syntax =>
  Object.freeze({ kind: 'text', text: value, also: Object.freeze(also) });

/** Blanks, written as `value`. */
export const gap = (value: string): Syntax => Object.freeze({ kind: 'gap', text: value });

/** The tool's name, ended by `end`. */
export const name = (end: string): Syntax => Object.freeze({ kind: 'name', end });

/** The arguments as a JSON object. */
export const jsonArgs = (spacing: Spacing = 'spaced'): Syntax => Object.freeze({ kind: 'jsonArgs', spacing });

/** `{"name": …, "arguments": …}`. */
export const jsonCall = (shape: Partial<SyntaxNodes['jsonCall']> = {}): Syntax =>
  Object.freeze({
    kind: 'jsonCall',
    nameKey: 'name',
    argumentsKey: 'arguments',
    argumentsAliases: Object.freeze(['parameters']),
    spacing: 'spaced',
    ...shape,
  });

/** One after the other. */
export const seq = (...items: readonly SyntaxLike[]): Syntax =>
  Object.freeze({ kind: 'seq', items: Object.freeze(items.map(toSyntax)) });

/** One or more, joined by `separator`. */
export const many = (item: SyntaxLike, separator = ''): SyntaxOf<'many'> =>
  Object.freeze({ kind: 'many', item: toSyntax(item), separator });

/** Read where it stands; neither written nor offered to the grammar. */
export const optional = (item: SyntaxLike): Syntax => Object.freeze({ kind: 'optional', item: toSyntax(item) });

/** All markers of a syntax, alternative spellings included. */
export function markersOf(syntax: Syntax): readonly string[] {
  if (syntax.kind === 'text') return [syntax.text, ...syntax.also];
  if (syntax.kind === 'seq') return syntax.items.flatMap(markersOf);
  return syntax.kind === 'many' || syntax.kind === 'optional' ? markersOf(syntax.item) : [];
}

function toSyntax(like: SyntaxLike): Syntax {
  return typeof like === 'string' ? text(like) : like;
}
