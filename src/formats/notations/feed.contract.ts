/** Feeds answers to readers of notations: in any chunks, marks as letters or as special tokens. */

import type { Piece } from '../../chat/piece.ts';
import type { Notation } from '../../grammar/notation.ts';
import { AnswerSource } from '../answer-source.ts';
import type { ArgumentsEnd, ReadingPlace } from './notation-interpreter.ts';
import { readNotation } from './notations.ts';

/** What a reader made of an answer. */
export interface Reading {
  readonly json: string;
  readonly end: ArgumentsEnd | 'waiting';
  /** What it left unread. */
  readonly rest: string;
}

/** An answer: its text in chunks, and which stretches of it are special tokens. */
export interface Answer {
  readonly text: string;
  readonly specials?: readonly string[];
  readonly ended?: 'stop' | 'length';
  /** Sizes of chunks, used in turn; everything at once without them. */
  readonly sizes?: readonly number[];
}

/** Reads the answer and returns what was passed on. */
export function readAnswer(notation: Notation, place: ReadingPlace, answer: Answer): Reading {
  const source = new AnswerSource();
  const passed: string[] = [];
  const reader = readNotation(source, notation, place, (json) => passed.push(json));
  let end: Reading['end'] = 'waiting';
  const step = (): void => {
    if (end !== 'waiting') return;
    const { done, value } = reader.next();
    if (done === true) end = value;
  };
  for (const piece of piecesOf(answer)) {
    source.push(piece);
    step();
  }
  source.end(answer.ended ?? 'stop');
  step();
  return { json: passed.join(''), end, rest: source.rest };
}

function* piecesOf({ text, specials = [], sizes = [] }: Answer): Generator<Piece> {
  let turn = 0;
  for (let at = 0; at < text.length; ) {
    const special = specials.find((each) => text.startsWith(each, at));
    if (special !== undefined) {
      yield { text: '', special, tokens: 1 };
      at += special.length;
      continue;
    }
    const starts = specials.map((each) => text.indexOf(each, at)).filter((start) => start !== -1);
    const size = sizes.length === 0 ? text.length : (sizes[turn++ % sizes.length] ?? 1);
    const to = Math.min(at + size, text.length, ...starts);
    yield { text: text.slice(at, to), tokens: 1 };
    at = to;
  }
}
