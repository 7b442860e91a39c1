/** The syntax tree of tool calls: frozen data that rendering, constraining and parsing interpret. */

import type { Notation, NotationOf, Spacing } from '../grammar/notation.ts';

/**
 * What each node holds.
 *
 * - `text`: this marker. In a model whose vocabulary has it as a special token it is that token, else letters.
 *   `also` are spellings that are read as well, never written; an empty one among them: it may be missing.
 * - `gap`: blanks; written as `text`, read as any run of blanks, none included.
 * - `name`: the tool's name and the delimiter that ends it. `peeks`: the delimiter is the first letter of what follows.
 * - `again`: the name once more, and the delimiter that ends it; read and dropped.
 * - `id`: the call's id and the delimiter that ends it; read and dropped. Models write `length` letters and digits.
 * - `ordinal`: the call's number in its turn, counted from `from`, and the delimiter that ends it; read and dropped.
 * - `args`: the arguments in a notation.
 * - `jsonCall`: an object that names the tool and holds its arguments; the keys in `argumentsAliases` are read like
 *   `argumentsKey`, never written. `fixed` are members written before the name, read and dropped.
 * - `keyCall`: an object whose only key is the tool's name and whose value the arguments.
 * - `seq`: one after the other.
 * - `many`: one or more, the separator between them. A format's calls hold exactly one.
 * - `optional`: read where it stands; neither written nor offered to the grammar.
 */
export interface SyntaxNodes {
  text: { readonly text: string; readonly also: readonly string[] };
  gap: { readonly text: string };
  name: { readonly end: string; readonly peeks: boolean };
  again: { readonly end: string };
  id: { readonly end: string; readonly length: number };
  ordinal: { readonly end: string; readonly from: number };
  args: { readonly notation: Notation };
  jsonCall: {
    readonly fixed: readonly FixedMember[];
    readonly nameKey: string;
    readonly argumentsKey: string;
    readonly argumentsAliases: readonly string[];
    readonly spacing: Spacing;
  };
  keyCall: { readonly spacing: Spacing };
  seq: { readonly items: readonly Syntax[] };
  many: { readonly item: Syntax; readonly separator: string };
  optional: { readonly item: Syntax };
}

/** A member with a fixed value, or with the call's number in its turn as a string. */
export type FixedMember =
  | { readonly key: string; readonly value: string }
  | { readonly key: string; readonly ordinalFrom: number };

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
export const gap = (value = ''): Syntax => Object.freeze({ kind: 'gap', text: value });

/** The tool's name, ended by `end`. */
export const name = (end: string): Syntax => Object.freeze({ kind: 'name', end, peeks: false });

/** The tool's name, ended by what follows it, which begins with `next`. */
export const nameBefore = (next: string): Syntax => Object.freeze({ kind: 'name', end: next, peeks: true });

/** The tool's name once more, ended by `end`. */
export const again = (end: string): Syntax => Object.freeze({ kind: 'again', end });

/** The call's id, ended by `end`. */
export const id = (end: string, length = 9): Syntax => Object.freeze({ kind: 'id', end, length });

/** The call's number in its turn, ended by `end`. */
export const ordinal = (end: string, from = 0): Syntax => Object.freeze({ kind: 'ordinal', end, from });

/** The arguments in any notation. */
export const args = (notation: Notation): Syntax => Object.freeze({ kind: 'args', notation: Object.freeze(notation) });

/** The arguments as a JSON object. */
export const jsonArgs = (spacing: Spacing = 'spaced'): Syntax => args({ kind: 'json', spacing });

/** The arguments as Python's keyword arguments. */
export const pythonArgs = (quote: NotationOf<'python'>['quote'] = '"'): Syntax => args({ kind: 'python', quote });

/** Each argument in a pair of tags: `[before its key, before its value]`, and after its value. */
export const taggedArgs = (
  [open, middle]: readonly [string, string],
  close: string,
  details: Partial<Omit<NotationOf<'tagged'>, 'kind' | 'open' | 'middle' | 'close'>> = {},
): Syntax =>
  args({ kind: 'tagged', open, middle, close, separator: '', pad: '', escapes: 'none', spacing: 'spaced', ...details });

/** The arguments as an object with bare keys whose strings stand between two marks. */
export const bareArgs = (mark: string, marked: NotationOf<'bare'>['marked'] = 'strings'): Syntax =>
  args({ kind: 'bare', mark, marked });

/** Every property, however deep, as a tag of its own name. */
export const nestedArgs = (details: Partial<Omit<NotationOf<'nested'>, 'kind'>> = {}): Syntax =>
  args({ kind: 'nested', start: ['<', '>'], end: ['</', '>'], separator: '', escapes: 'none', ...details });

/** `{"name": …, "arguments": …}`. */
export const jsonCall = (shape: Partial<SyntaxNodes['jsonCall']> = {}): Syntax =>
  Object.freeze({
    kind: 'jsonCall',
    fixed: [],
    nameKey: 'name',
    argumentsKey: 'arguments',
    argumentsAliases: Object.freeze(['parameters']),
    spacing: 'spaced',
    ...shape,
  });

/** `{"get_weather": {…}}`. */
export const keyCall = (spacing: Spacing = 'spaced'): Syntax => Object.freeze({ kind: 'keyCall', spacing });

/** One after the other. */
export const seq = (...items: readonly SyntaxLike[]): Syntax =>
  Object.freeze({ kind: 'seq', items: Object.freeze(items.map(toSyntax)) });

/** One or more, joined by `separator`. */
export const many = (item: SyntaxLike, separator = ''): Syntax =>
  Object.freeze({ kind: 'many', item: toSyntax(item), separator });

/** Read where it stands; neither written nor offered to the grammar. */
export const optional = (item: SyntaxLike): Syntax => Object.freeze({ kind: 'optional', item: toSyntax(item) });

/** The markers of a syntax, alternative spellings included; those of notations are not among them. */
export function markersOf(syntax: Syntax): readonly string[] {
  if (syntax.kind === 'text') return [syntax.text, ...syntax.also.filter((spelling) => spelling !== '')];
  if (syntax.kind === 'seq') return syntax.items.flatMap(markersOf);
  return syntax.kind === 'many' || syntax.kind === 'optional' ? markersOf(syntax.item) : [];
}

/** May this marker be missing? */
export function mayMiss(syntax: Syntax): boolean {
  return syntax.kind === 'gap' || syntax.kind === 'optional' || (syntax.kind === 'text' && syntax.also.includes(''));
}

function toSyntax(like: SyntaxLike): Syntax {
  return typeof like === 'string' ? text(like) : like;
}
