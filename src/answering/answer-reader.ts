/** Reads what an engine writes: the format's parser, the client's stop strings, the log probabilities of shown text. */

import type { ParserEvent } from '../chat/event.ts';
import type { DrawnLogprob } from '../chat/logprob.ts';
import type { Piece } from '../chat/piece.ts';
import type { FormatParser } from '../formats/ask.ts';
import { ShownLogprobs } from './shown-logprobs.ts';
import { StopReader } from './stop-reader.ts';

/** How an answer is to be read. */
export interface ReadingRules {
  /** The client's stop strings. */
  readonly stop: readonly string[];
  readonly withLogprobs: boolean;
  readonly keepsRaw: boolean;
}

/** What came of one piece, and whether a stop string ended the answer in it. */
export interface Reading {
  readonly events: readonly ParserEvent[];
  readonly stopped: boolean;
}

/** One answer being read. */
export class AnswerReader {
  /** The text as it was written, special tokens spelled; empty unless it is kept. */
  raw = '';
  readonly #parser: FormatParser;
  readonly #stops: StopReader;
  readonly #logprobs: ShownLogprobs | undefined;
  readonly #keepsRaw: boolean;

  constructor(parser: FormatParser, { stop, withLogprobs, keepsRaw }: ReadingRules) {
    this.#parser = parser;
    this.#stops = new StopReader(stop);
    this.#logprobs = withLogprobs ? new ShownLogprobs() : undefined;
    this.#keepsRaw = keepsRaw;
  }

  /** Would the closing marker of reasoning end it here? */
  get isThinking(): boolean {
    return this.#parser.isThinking;
  }

  push(piece: Piece): Reading {
    if (this.#keepsRaw) this.raw += piece.special ?? piece.text;
    this.#logprobs?.add(piece);
    const parsed = [...this.#parser.push(piece)];
    if (piece.end !== undefined) parsed.push(...this.#parser.end(piece.end));
    const reading = this.#visible(parsed);
    if (reading.stopped || piece.end === undefined) return reading;
    return { events: [...reading.events, ...this.#flush()], stopped: false };
  }

  /** Takes an event that needed no parsing. */
  pass(event: ParserEvent): Reading {
    return this.#visible([event]);
  }

  /** Text up to a stop string; everything else as it is. */
  #visible(parsed: readonly ParserEvent[]): Reading {
    const events: ParserEvent[] = [];
    for (const event of parsed) {
      if (event.type === 'text-delta') {
        const { text, stopped } = this.#stops.push(event.text);
        events.push(...this.#shown(text));
        if (stopped) return { events, stopped };
        continue;
      }
      if (event.type === 'call-start') events.push(...this.#flush());
      if (event.type === 'reasoning-delta') this.#logprobs?.take(event.text);
      else this.#logprobs?.forget();
      events.push(event);
    }
    return { events, stopped: false };
  }

  #flush(): ParserEvent[] {
    return this.#shown(this.#stops.flush());
  }

  #shown(text: string): ParserEvent[] {
    return text === '' ? [] : [textDelta(text, this.#logprobs?.take(text))];
  }
}

/** Text with its tokens' log probabilities, if there are any. */
export function textDelta(text: string, logprobs: readonly DrawnLogprob[] = []): ParserEvent {
  return { type: 'text-delta', text, ...(logprobs.length > 0 && { logprobs }) };
}

/** For answers in which nothing is a marker: text is text. */
export const plainParser: FormatParser = {
  isThinking: false,
  push: ({ text }) => (text === '' ? [] : [{ type: 'text-delta', text }]),
  end: () => [],
};
