/** Grammar of the content of strings that belong to a set of texts, given as an automaton over code points. */

import { anyCodePoint, type CodePoints } from '../schema/code-points.ts';
import type { TextAutomaton } from '../schema/text-automaton.ts';
import { choice, type GrammarNode, repeat, sequence, set, text, words } from './grammar.ts';
import { escapedBeyondAscii } from './json-text.ts';
import { type Characters, jsonCharacters } from './notation-characters.ts';
import type { DeclaredRule, SchemaContext } from './schema-context.ts';

/** Who keeps the rules. */
type RuleMaker = Pick<SchemaContext, 'declare'>;

/** The texts, spelled as strings stand in this notation: one rule for each state that several others lead to. */
export function textContent(
  texts: TextAutomaton,
  context: RuleMaker,
  characters: Characters = jsonCharacters,
): GrammarNode {
  return new TextGrammar(texts, context, characters).whole();
}

/** Code points that lead to one target. */
interface Way {
  readonly target: number;
  readonly ranges: CodePoints;
  readonly key: string;
}

interface Place {
  readonly mayEnd: boolean;
  /** Ways to other states. */
  readonly ways: readonly Way[];
  /** The way back to the state itself. */
  readonly loop: Way | undefined;
}

/** States inside each other before a rule of their own begins. */
const maxNesting = 20;

class TextGrammar {
  readonly #places: readonly Place[];
  readonly #context: RuleMaker;
  readonly #characters: Characters;
  /** By state: how many ways lead to it. */
  readonly #arrivals: number[];
  readonly #rules = new Map<number, DeclaredRule>();
  readonly #pending: number[] = [];

  constructor({ states }: TextAutomaton, context: RuleMaker, characters: Characters) {
    this.#context = context;
    this.#characters = characters;
    this.#places = states.map(({ mayEnd, edges }, index) => {
      const byTarget = new Map<number, [number, number][]>();
      for (const { from, to, target } of edges) {
        const list = byTarget.get(target) ?? [];
        byTarget.set(target, list);
        list.push([from, to]);
      }
      const ways = [...byTarget].map(([target, ranges]): Way => ({ target, ranges, key: ranges.join(';') }));
      return {
        mayEnd,
        ways: ways.filter(({ target }) => target !== index),
        loop: ways.find(({ target }) => target === index),
      };
    });
    this.#arrivals = states.map(() => 0);
    this.#arrivals[0] = 1;
    for (const { ways } of this.#places)
      for (const { target } of ways) this.#arrivals[target] = (this.#arrivals[target] ?? 0) + 1;
  }

  whole(): GrammarNode {
    const node = this.#at(0, 0);
    for (let state = this.#pending.pop(); state !== undefined; state = this.#pending.pop())
      this.#rules.get(state)?.define(this.#from(state, 0));
    return node;
  }

  /** The rule of a state, or what it stands for where only one way leads there. */
  #at(state: number, nesting: number): GrammarNode {
    if (this.#arrivals[state] === 1 && nesting < maxNesting) return this.#from(state, nesting + 1);
    let rule = this.#rules.get(state);
    if (rule === undefined) {
      rule = this.#context.declare();
      this.#rules.set(state, rule);
      this.#pending.push(state);
    }
    return rule.node;
  }

  /** Everything that may follow once this state is reached. */
  #from(state: number, nesting: number): GrammarNode {
    const items: GrammarNode[] = [];
    const at = this.#straight(state, items);
    const run = this.#run(at);
    if (run !== undefined) return joined([...items, run]);
    const place = this.#places[at];
    if (place === undefined) return joined(items);
    if (place.loop !== undefined) items.push(repeat(this.#letters(place.loop), 0));
    const others = place.ways.map((way) => joined([this.#letters(way), this.#at(way.target, nesting)]));
    if (place.mayEnd && others.length > 0) others.push(text(''));
    const [only] = others;
    if (only !== undefined) items.push(others.length === 1 ? only : choice(...others));
    return joined(items);
  }

  /** Takes steps as long as there is only one way; where they end. */
  #straight(from: number, items: GrammarNode[]): number {
    const taken: Way[] = [];
    let at = from;
    for (
      let way = this.#onlyWay(at);
      way !== undefined && this.#places[at]?.mayEnd === false;
      way = this.#onlyWay(at)
    ) {
      taken.push(way);
      at = way.target;
      if (this.#arrivals[at] !== 1) break;
    }
    const isShared = taken.length > 0 && this.#arrivals[at] !== 1;
    const steps = isShared ? taken.slice(0, -1) : taken;
    items.push(...this.#steps(steps));
    return isShared ? (steps.at(-1)?.target ?? from) : at;
  }

  #onlyWay(state: number): Way | undefined {
    const place = this.#places[state];
    return place?.loop === undefined && place?.ways.length === 1 ? place.ways[0] : undefined;
  }

  /** Letters in a row are one text, equal sets in a row one repeat. */
  #steps(ways: readonly Way[]): GrammarNode[] {
    const out: GrammarNode[] = [];
    for (let index = 0; index < ways.length; ) {
      const way = ways[index];
      if (way === undefined) break;
      const [letter, key] = [this.#letter(way), way.key];
      let next = index + 1;
      if (letter === undefined) {
        while (ways[next]?.key === key) next++;
        const count = next - index;
        out.push(count === 1 ? this.#letters(way) : repeat(this.#letters(way), count, count));
      } else {
        let letters = letter;
        for (let more = this.#letterAt(ways, next); more !== undefined; more = this.#letterAt(ways, next)) {
          letters += more;
          next++;
        }
        out.push(text(letters));
      }
      index = next;
    }
    return out;
  }

  #letterAt(ways: readonly Way[], index: number): string | undefined {
    const way = ways[index];
    return way === undefined ? undefined : this.#letter(way);
  }

  /** States in a row that may all end and read the same set: so many of it or fewer. */
  #run(from: number): GrammarNode | undefined {
    const first = this.#onlyWay(from);
    if (first === undefined || this.#places[from]?.mayEnd !== true) return undefined;
    let [at, count] = [from, 0];
    for (let way: Way | undefined = first; way?.key === first.key; way = this.#onlyWay(at)) {
      at = way.target;
      count++;
      if (this.#arrivals[at] !== 1 || this.#places[at]?.mayEnd !== true) return undefined;
    }
    const last = this.#places[at];
    return last?.ways.length === 0 && last.loop === undefined ? repeat(this.#letters(first), 0, count) : undefined;
  }

  /** The only letter of a set, if it is spelled as itself. */
  #letter({ ranges }: Way): string | undefined {
    const [first, more] = ranges;
    if (first === undefined || more !== undefined || first[0] !== first[1]) return undefined;
    const letter = String.fromCodePoint(first[0]);
    const { plain, escaped } = this.#characters;
    return overlap(ranges, plain).length > 0 && overlap(ranges, escaped).length === 0 ? letter : undefined;
  }

  #letters({ ranges }: Way): GrammarNode {
    return spelledSet(ranges, this.#characters);
  }
}

function joined(items: readonly GrammarNode[]): GrammarNode {
  const flat = items.flatMap((item) => (item.kind === 'sequence' ? item.items : [item]));
  const [only] = flat;
  return flat.length === 1 && only !== undefined ? only : sequence(...flat);
}

const spelledSets = new Map<string, GrammarNode>();
const maxKept = 200;

/** One code point of a set inside a string: itself, or escaped where it may be; any way if it is any at all. */
export function spelledSet(ranges: CodePoints, characters: Characters): GrammarNode {
  const key = `${characters.name} ${ranges.join(';')}`;
  let node = spelledSets.get(key);
  if (node === undefined) {
    node = makeSpelledSet(ranges, characters);
    if (spelledSets.size >= maxKept) spelledSets.clear();
    spelledSets.set(key, node);
  }
  return node;
}

function makeSpelledSet(ranges: CodePoints, characters: Characters): GrammarNode {
  const items: GrammarNode[] = [];
  const plain = overlap(ranges, characters.plain);
  if (plain.length > 0) items.push(set(...plain));
  const escapes = overlap(ranges, characters.escaped).flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, index) => characters.escapes(from + index)).flat(),
  );
  if (escapes.length > 0) items.push(words(escapes));
  // Many models write what is not ASCII as `\u`; where all of it is allowed, so is that.
  const allowsAll = overlap(ranges, [[0x80, 0x10ffff]]).join() === overlap(anyCodePoint, [[0x80, 0x10ffff]]).join();
  if (characters.hasUnicodeEscapes && allowsAll) items.push(sequence(text('\\u'), escapedBeyondAscii));
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : choice(...items);
}

function overlap(left: CodePoints, right: CodePoints): CodePoints {
  const out: [number, number][] = [];
  for (const [from, to] of left)
    for (const [low, high] of right) if (low <= to && high >= from) out.push([Math.max(from, low), Math.min(to, high)]);
  return out;
}
