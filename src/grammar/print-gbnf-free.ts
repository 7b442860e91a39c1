/** Free text until an opening as GBNF: the search for the openings, one rule for each of its states. */

import type { CodePointRange } from './grammar.ts';
import { type OpeningSearch, type SearchPlace, searchOpenings } from './openings.ts';
import { anyCodePoint, codePointClass, emptyLiteral } from './print-gbnf-literals.ts';
import type { RuleBook } from './print-gbnf-rules.ts';

/** An opening and what follows it, printed as a part of a sequence; undefined if nothing can follow. */
export interface PrintedOpening {
  readonly text: string;
  readonly then: string | undefined;
}

/** The name of the rule in which the text begins. */
export function printFree(
  openings: readonly PrintedOpening[],
  place: SearchPlace,
  { owner, book }: { readonly owner: string; readonly book: RuleBook },
): string {
  const search = searchOpenings(
    openings.map(({ text }) => text),
    place,
  );
  const alphabet = [...new Set([...whiteSpace, ...openings.flatMap(({ text }) => [...text.toWellFormed()])])];
  const states = new Map<number, string>();
  const stateName = (state: number): string => {
    const known = states.get(state);
    if (known !== undefined) return known;
    const name = book.add(`${owner}-free`, () => stateBody(state));
    states.set(state, name);
    return name;
  };
  const follow = (state: number): string | undefined => {
    const found = search.found(state);
    return found === undefined ? stateName(state) : openings[found]?.then;
  };
  const stateBody = (state: number): string => {
    if (search.isOver(state)) return `${anyCodePoint}*`;
    const ways = transitions(search, state, alphabet).flatMap(({ ranges, to }) => {
      const [points, next] = [codePointClass(ranges, false), follow(to)];
      return points === undefined || next === undefined ? [] : [next === emptyLiteral ? points : `${points} ${next}`];
    });
    return [...ways, emptyLiteral].join(' | ');
  };
  return stateName(search.start);
}

const encoder = new TextEncoder();
const whiteSpace = ' \t\n\r';
const lastCodePoint = 0x10ffff;

interface Transition {
  readonly ranges: readonly CodePointRange[];
  readonly to: number;
}

/** Where the code points lead; those outside the alphabet all lead to the same state. */
function transitions(search: OpeningSearch, state: number, alphabet: readonly string[]): Transition[] {
  const step = (letter: string): number => encoder.encode(letter).reduce((at, byte) => search.step(at, byte), state);
  const foreign = step(letterOutside(alphabet));
  const special = new Map<number, CodePointRange[]>();
  const leading: CodePointRange[] = [];
  for (const letter of alphabet) {
    const to = step(letter);
    if (to === foreign) continue;
    const point = letter.codePointAt(0) ?? 0;
    leading.push([point, point]);
    special.set(to, [...(special.get(to) ?? []), [point, point]]);
  }
  return [...[...special].map(([to, ranges]) => ({ to, ranges })), { to: foreign, ranges: outside(leading) }];
}

function outside(points: readonly CodePointRange[]): CodePointRange[] {
  const out: CodePointRange[] = [];
  let next = 0;
  for (const [point] of [...points].sort((a, b) => a[0] - b[0])) {
    out.push([next, point - 1]);
    next = point + 1;
  }
  return [...out, [next, lastCodePoint]];
}

/** Private letters; no text can hold so many different ones that none is left. */
function letterOutside(alphabet: readonly string[]): string {
  const taken = new Set(alphabet);
  let point = 0xf0000;
  while (taken.has(String.fromCodePoint(point))) point++;
  return String.fromCodePoint(point);
}
