/** Grammar of marks, which may come as letters or as special tokens. */

import { choice, type GrammarNode, sequence, special, text } from './grammar.ts';

/** A stretch of a mark that looks like a special token, by its offsets. */
export interface MarkPiece {
  readonly from: number;
  readonly to: number;
}

/** How special tokens are spelled, wherever in a mark they stand. */
const specials = [/<[^<>[\]\s]+>/gu, /\[[A-Z_/]+\]/gu, /｜[^｜<>\s]+｜/gu, /\]<\][^<>\s]+\[>\[/gu];

/** All such stretches; they may overlap. */
export function markPieces(mark: string): MarkPiece[] {
  return specials.flatMap((pattern) =>
    [...mark.matchAll(pattern)].map((match) => ({ from: match.index, to: match.index + match[0].length })),
  );
}

/** The mark in letters, where each of these stretches (all that look like it) may come as a special token. */
export function markNode(mark: string, pieces: readonly MarkPiece[] = markPieces(mark)): GrammarNode {
  return markRest(mark, pieces)(0);
}

/** By offset: what is left of the mark. Remembered, so that alternatives share what follows them. */
export function markRest(mark: string, pieces: readonly MarkPiece[]): (from: number) => GrammarNode {
  const rests = new Map<number, GrammarNode>([[mark.length, text('')]]);
  const cuts = pieces.map((piece) => piece.from);
  const restAt = (from: number): GrammarNode => {
    const known = rests.get(from);
    if (known !== undefined) return known;
    const cut = Math.min(mark.length, ...cuts.filter((at) => at > from));
    const ways = pieces
      .filter((piece) => piece.from === from)
      .map(({ to }) => sequence(special(mark.slice(from, to)), restAt(to)));
    const letters = text(mark.slice(from, cut));
    const inLetters = cut === mark.length ? letters : sequence(letters, restAt(cut));
    const node = ways.length === 0 ? inLetters : choice(inLetters, ...ways);
    rests.set(from, node);
    return node;
  };
  return restAt;
}
