/** Grammar of any text up to and including a mark. */

import { choice, type GrammarNode, notSet, rule, sequence, set, special } from './grammar.ts';
import { type MarkPiece, markPieces, markRest } from './notation-mark.ts';

/** What ends a text: a mark, and before it one `pad`, which is not the text's. */
export interface EndMark {
  readonly pad: '' | '\n';
  readonly mark: string;
  /** Stretches of the mark that may be special tokens, if not all that look like it. */
  readonly pieces?: readonly MarkPiece[];
}

/** A node and the rules it names. */
export interface RuledNode {
  readonly node: GrammarNode;
  readonly rules: Record<string, GrammarNode>;
}

/** How much of the mark the text ends with, and does a pad stand before that (or need none)? */
interface Place {
  readonly written: number;
  readonly isPadded: boolean;
}

/**
 * Any text in which the mark does not occur, then pad and mark. One rule for each place the text can be at: Knuth,
 * Morris and Pratt's automaton as a grammar.
 */
export function textUntil(end: EndMark, rulePrefix: string): RuledNode {
  const search = new MarkSearch(end, rulePrefix);
  const rules: Record<string, GrammarNode> = {};
  const start: Place = { written: 0, isPadded: end.pad === '' };
  const work: Place[] = [start];
  for (let place = work.pop(); place !== undefined; place = work.pop()) {
    const name = search.name(place);
    if (name in rules) continue;
    rules[name] = search.node(place);
    work.push(...search.following(place));
  }
  return { node: rule(search.name(start)), rules };
}

class MarkSearch {
  readonly #pad: string;
  readonly #mark: string;
  readonly #letters: readonly string[];
  /** By letters written: the longest shorter beginning of the mark that these letters end with. */
  readonly #shorter: readonly number[];
  readonly #pieces: readonly MarkPiece[];
  readonly #rest: (from: number) => GrammarNode;
  readonly #rulePrefix: string;

  constructor({ pad, mark, pieces }: EndMark, rulePrefix: string) {
    this.#pad = pad;
    this.#mark = mark;
    this.#letters = [...mark];
    this.#shorter = shorterBeginnings(this.#letters);
    this.#pieces = pieces ?? markPieces(mark);
    this.#rest = markRest(mark, this.#pieces);
    this.#rulePrefix = rulePrefix;
  }

  name({ written, isPadded }: Place): string {
    return `${this.#rulePrefix}${isPadded ? '' : 'n'}${written}`;
  }

  /** The places one letter leads to, the end left out. */
  following(place: Place): Place[] {
    const places = this.#points(place).map((letter) => this.#after(place, letter));
    return [...places, this.#elsewhere].filter(({ written }) => written < this.#letters.length);
  }

  node(place: Place): GrammarNode {
    const points = this.#points(place);
    const steps = points.flatMap((letter) => this.#step(letter, this.#after(place, letter)) ?? []);
    const others = notSet(...points.map((letter) => pointRange(letter)));
    steps.push(sequence(others, rule(this.name(this.#elsewhere))));
    return choice(...steps, ...this.#asTokens(place));
  }

  get #elsewhere(): Place {
    return { written: 0, isPadded: this.#pad === '' };
  }

  /** Undefined where the mark would be whole without its pad: that is not written. */
  #step(letter: string, to: Place): GrammarNode | undefined {
    if (to.written < this.#letters.length) return sequence(set(pointRange(letter)), rule(this.name(to)));
    return to.isPadded ? set(pointRange(letter)) : undefined;
  }

  /** Letters after which the text is not just elsewhere. */
  #points({ written }: Place): string[] {
    const points = new Set([this.#letters[0] ?? '', this.#pad]);
    for (let at = written; at > 0; at = this.#shorter[at] ?? 0) points.add(this.#letters[at] ?? '');
    return [...points].filter((letter) => letter !== '');
  }

  #after({ written, isPadded }: Place, letter: string): Place {
    let at = written;
    while (at > 0 && this.#letters[at] !== letter) at = this.#shorter[at] ?? 0;
    const now = this.#letters[at] === letter ? at + 1 : 0;
    if (this.#pad === '' || now === written + 1) return { written: now, isPadded };
    // What stands before the letters that count: within the mark, or this letter itself if none counts.
    const before = now === 0 ? letter : this.#letters[written - now];
    return { written: now, isPadded: before === this.#pad };
  }

  /** The mark, or what is left of it, with special tokens in it. */
  #asTokens({ written, isPadded }: Place): GrammarNode[] {
    const offset = this.#letters.slice(0, written).join('').length;
    const isBehindPad = this.#pad === '' || (written === 0 ? isPadded : this.#letters[written - 1] === this.#pad);
    return this.#pieces
      .filter(({ from }) => (from === 0 && isBehindPad) || (from > 0 && from === offset && isPadded))
      .map(({ from, to }) => sequence(special(this.#mark.slice(from, to)), this.#rest(to)));
  }
}

function shorterBeginnings(letters: readonly string[]): number[] {
  const shorter = [0, 0];
  for (let length = 2; length <= letters.length; length++) {
    let at = shorter[length - 1] ?? 0;
    while (at > 0 && letters[at] !== letters[length - 1]) at = shorter[at] ?? 0;
    shorter[length] = letters[at] === letters[length - 1] ? at + 1 : 0;
  }
  return shorter;
}

function pointRange(letter: string): readonly [number, number] {
  const point = letter.codePointAt(0) ?? 0;
  return [point, point];
}
