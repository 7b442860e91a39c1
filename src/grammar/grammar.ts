/** The grammar tree: frozen, serialisable nodes that automaton and printers interpret. */

/**
 * A node matches a run of UTF-8 bytes and special tokens.
 *
 * - `text`: exactly these bytes.
 * - `special`: exactly this special token (never its spelling in bytes).
 * - `set`: one code point within (or, negated, outside) the inclusive ranges; surrogates never.
 * - `words`: one of many literal texts (a trie; for enums and names).
 * - `span`: a non-empty stretch of one of `sources`, from a unit that may start to a unit that may end.
 *   A unit is one code point as spelled in the output (JSON-escaped inside JSON strings).
 * - `repeat`: `item` from `min` to `max` times (`max` absent = without bound).
 * - `anyOrder`: members with `separator` between them, in any order, each at most once, the required ones for certain;
 *   in between any number of `extra`. `continued`: a member stands before, so the first comes behind a separator.
 * - `rule`: the rule of this name; how recursion is written.
 * - `free`: any text, without special tokens, in which no opening occurs, optionally ended by one: it is consumed,
 *   and its `then` follows. Without an opening the node may end anywhere. An opening is found at its first
 *   occurrence; of two that end at the same byte the longer wins. `begun`: text that counts as read before.
 *   `anchored`: openings count only at the beginning, behind white space at most.
 */
export type GrammarNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'special'; readonly token: string }
  | { readonly kind: 'set'; readonly ranges: readonly CodePointRange[]; readonly negated: boolean }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'span'; readonly sources: readonly SpanSource[] }
  | { readonly kind: 'sequence'; readonly items: readonly GrammarNode[] }
  | { readonly kind: 'choice'; readonly items: readonly GrammarNode[] }
  | { readonly kind: 'repeat'; readonly item: GrammarNode; readonly min: number; readonly max?: number }
  | AnyOrderNode
  | { readonly kind: 'rule'; readonly name: string }
  | {
      readonly kind: 'free';
      readonly openings: readonly GrammarOpening[];
      readonly begun?: string;
      readonly anchored?: true;
    };

/** See `GrammarNode`; of at most `maxAnyOrder` members. */
export interface AnyOrderNode {
  readonly kind: 'anyOrder';
  readonly members: readonly AnyOrderMember[];
  readonly separator: GrammarNode;
  readonly extra?: GrammarNode;
  readonly continued?: true;
}

/** A member of which there is at most one; none is empty. */
export interface AnyOrderMember {
  readonly node: GrammarNode;
  readonly isRequired: boolean;
}

/** Sets of more members are not kept. */
export const maxAnyOrder = 64;

/** First and last code point, inclusive. */
export type CodePointRange = readonly [number, number];

/** A text whose stretches may be copied: its units, and where a stretch may start and end. */
export interface SpanSource {
  readonly units: readonly string[];
  /** Indices of units at which a stretch may start. */
  readonly starts: readonly number[];
  /** Indices of units after which a stretch may end. */
  readonly ends: readonly number[];
}

/** What ends free text: a run of text, or a special token. */
export interface GrammarOpening {
  readonly opening: { readonly text: string } | { readonly special: string };
  readonly then: GrammarNode;
}

/** A whole grammar. */
export interface Grammar {
  readonly root: GrammarNode;
  readonly rules: Readonly<Record<string, GrammarNode>>;
}

// Factories: what reads well in formats and tests.
export const text = (value: string): GrammarNode => ({ kind: 'text', text: value });
export const special = (token: string): GrammarNode => ({ kind: 'special', token });
export const sequence = (...items: readonly GrammarNode[]): GrammarNode => ({ kind: 'sequence', items });
export const choice = (...items: readonly GrammarNode[]): GrammarNode => ({ kind: 'choice', items });
export const words = (list: readonly string[]): GrammarNode => ({ kind: 'words', words: list });
export const rule = (name: string): GrammarNode => ({ kind: 'rule', name });
export const repeat = (item: GrammarNode, min: number, max?: number): GrammarNode =>
  max === undefined ? { kind: 'repeat', item, min } : { kind: 'repeat', item, min, max };
export const optional = (item: GrammarNode): GrammarNode => repeat(item, 0, 1);
export const set = (...ranges: readonly CodePointRange[]): GrammarNode => ({ kind: 'set', ranges, negated: false });
export const notSet = (...ranges: readonly CodePointRange[]): GrammarNode => ({ kind: 'set', ranges, negated: true });
export const free = (...openings: readonly GrammarOpening[]): GrammarNode => ({ kind: 'free', openings });
/** Free text that may only begin with an opening. */
export const freeAfterStart = (...openings: readonly GrammarOpening[]): GrammarNode => ({
  kind: 'free',
  openings,
  anchored: true,
});
