/** Stretches of sources as GBNF: one rule for each place in a source. */

import type { SpanSource } from './grammar.ts';
import { emptyLiteral, literal } from './print-gbnf-literals.ts';
import type { RuleBook } from './print-gbnf-rules.ts';
import { printWords } from './print-gbnf-words.ts';

/**
 * Units that are printed place by place. llama.cpp follows all places that fit at once, so that a token costs it time
 * in proportion to their number.
 */
const maxUnits = 4000;

/** The rule of such stretches; `isExact` false: any row of the units of the sources, for they are too long. */
export function printSpan(
  sources: readonly SpanSource[],
  owner: string,
  book: RuleBook,
): { readonly text: string; readonly isExact: boolean } {
  const size = sources.reduce((sum, source) => sum + source.units.length, 0);
  if (size > maxUnits) return { text: anyRow(sources, owner, book), isExact: false };
  const ways = (): string[] => sources.flatMap((source) => stretches(source, owner, book));
  return { text: book.add(`${owner}-span`, () => ways().join(' | ')), isExact: true };
}

function stretches(source: SpanSource, owner: string, book: RuleBook): string[] {
  const ends = new Set(source.ends.filter((end) => end < source.units.length));
  const last = Math.max(-1, ...ends);
  const places = new Map<number, string>();
  const way = (unit: number): string => {
    const spelled = literal(source.units[unit] ?? '');
    return unit === last ? spelled : `${spelled} ${after(unit)}`;
  };
  const after = (unit: number): string => {
    const known = places.get(unit);
    if (known !== undefined) return known;
    const name = book.add(`${owner}-span`, () => way(unit + 1) + (ends.has(unit) ? ` | ${emptyLiteral}` : ''));
    places.set(unit, name);
    return name;
  };
  return source.starts.filter((start) => start <= last).map(way);
}

function anyRow(sources: readonly SpanSource[], owner: string, book: RuleBook): string {
  const units = [...new Set(sources.flatMap((source) => source.units))].filter((unit) => unit !== '');
  return `${book.add(`${owner}-unit`, (name) => printWords(units, name, book).text)}+`;
}
