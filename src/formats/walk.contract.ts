/** A random walk through a grammar: an answer as a model that knows nothing would write it. */

import type { Piece } from '../chat/piece.ts';
import { compileGrammar } from '../grammar/automaton.ts';
import type { Grammar, GrammarNode } from '../grammar/grammar.ts';
import type { Vocabulary } from '../grammar/vocabulary.ts';

/** An answer, and whether it came to its end. */
export interface Walk {
  readonly pieces: readonly Piece[];
  readonly isWhole: boolean;
}

/** Steps after which a walk takes the ends it is offered, and after which it is cut. */
const soonEnds = 40;
const maxSteps = 800;

const closing = ['"', '}', ']', '\n', '"}', '}}'];
const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
const spelled = [...printable, ...'中文查询天气😀', ': ', ', ', '<tool_call>', 'Action:', ...closing];
const encoder = new TextEncoder();
const bytes = [
  ...spelled.map((text) => encoder.encode(text)),
  ...Array.from({ length: 128 }, (_, index) => Uint8Array.of(128 + index)),
];

/** A vocabulary of letters, of some common pieces, and of every special token that the grammar names. */
function vocabularyOf(grammar: Grammar): Vocabulary {
  const specials = [...specialsOf(grammar)];
  return {
    size: bytes.length + specials.length,
    bytes: (id) => bytes[id] ?? new Uint8Array(),
    special: (id) => specials[id - bytes.length],
  };
}

function specialsOf({ root, rules }: Grammar): Set<string> {
  const found = new Set<string>();
  const work: GrammarNode[] = [root, ...Object.values(rules)];
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    if (node.kind === 'special') found.add(node.token);
    if (node.kind === 'sequence' || node.kind === 'choice') work.push(...node.items);
    if (node.kind === 'repeat') work.push(node.item);
    if (node.kind === 'anyOrder') work.push(...node.members.map((member) => member.node));
    if (node.kind !== 'free') continue;
    for (const { opening, then } of node.openings) {
      if ('special' in opening) found.add(opening.special);
      work.push(then);
    }
  }
  return found;
}

/** The answer so far; bytes become text where a code point is whole. */
class Answer {
  readonly pieces: Piece[] = [];
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  letters(bytes: Uint8Array): void {
    this.pieces.push({ text: this.#decoder.decode(bytes, { stream: true }), tokens: 1 });
  }

  special(special: string): void {
    this.pieces.push({ text: '', special, tokens: 1 });
  }
}

/** Takes forced bytes as they are, else one of the allowed tokens. */
export function walkGrammar(grammar: Grammar | undefined, choices: Iterable<number>): Walk {
  const answer = new Answer();
  const { pieces } = answer;
  if (grammar === undefined) return { pieces, isWhole: true };
  const cursor = compileGrammar(grammar).start();
  const vocabulary = vocabularyOf(grammar);
  let step = 0;
  for (const random of choices) {
    if (cursor.mayEnd() && (cursor.mustEnd() || step > soonEnds || random % 4 === 0)) return { pieces, isWhole: true };
    if (step++ > maxSteps) break;
    const forced = cursor.forced();
    if (forced.length > 0) {
      cursor.accept(forced);
      answer.letters(forced);
      continue;
    }
    const id = pick(vocabulary, cursor.allowed(vocabulary), { random, toEnd: step > soonEnds });
    const special = vocabulary.special(id);
    if (special === undefined) {
      cursor.accept(vocabulary.bytes(id));
      answer.letters(vocabulary.bytes(id));
    } else {
      cursor.acceptSpecial(special);
      answer.special(special);
    }
  }
  return { pieces, isWhole: false };
}

interface Mood {
  readonly random: number;
  /** Would the walk rather end? */
  readonly toEnd: boolean;
}

function pick(vocabulary: Vocabulary, allowed: Uint32Array, { random, toEnd }: Mood): number {
  const ids: number[] = [];
  for (let id = 0; id < vocabulary.size; id++) if (((allowed[id >> 5] ?? 0) >> (id & 31)) & 1) ids.push(id);
  const ends = ids.filter((id) => id >= bytes.length || closing.includes(spelled[id] ?? ''));
  const markers = random % 3 === 0 ? ids.filter((id) => id >= bytes.length) : [];
  const likely = markers.length > 0 ? markers : toEnd && ends.length > 0 ? ends : ids;
  const id = likely[random % likely.length];
  if (id === undefined) throw new RangeError('the grammar leads nowhere');
  return id;
}
