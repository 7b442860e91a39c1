/** Reads the nano model's answers: letters and control tokens in, events out. */

import type { ParserEvent } from '../../chat/event.ts';
import type { Piece } from '../../chat/piece.ts';
import { AnswerSource, type Waiting } from '../answer-source.ts';
import type { FormatParser } from '../ask.ts';
import { EventSink } from '../event-sink.ts';
import { NanoCallReader } from './nano-call-reader.ts';
import type { NanoTool } from './nano-parameters.ts';
import { nanoTokens } from './nano-render.ts';

/** A parser for one answer that may call these tools. */
export function createNanoParser(tools: readonly NanoTool[], newCallId: () => string): FormatParser {
  return new NanoParser(new Map(tools.map((tool) => [tool.spelling, tool])), newCallId);
}

const nothing: ReadonlySet<string> = new Set();
const lineBreak: ReadonlySet<string> = new Set(['\n']);

class NanoParser implements FormatParser {
  readonly isThinking = false;
  readonly #source = new AnswerSource();
  readonly #sink: EventSink;
  readonly #tools: ReadonlyMap<string, NanoTool>;
  readonly #steps: Waiting<void>;

  constructor(tools: ReadonlyMap<string, NanoTool>, newCallId: () => string) {
    this.#tools = tools;
    this.#sink = new EventSink(newCallId);
    this.#steps = this.#answer();
  }

  push(piece: Piece): readonly ParserEvent[] {
    this.#source.push(piece);
    this.#steps.next();
    return this.#sink.take();
  }

  end(reason: 'stop' | 'length'): readonly ParserEvent[] {
    this.#source.end(reason);
    this.#steps.next();
    return this.#sink.take();
  }

  *#answer(): Waiting<void> {
    const source = this.#source;
    while (yield* source.more()) {
      if (source.special === nanoTokens.call) yield* this.#call();
      else if (source.special !== undefined) source.skip();
      else {
        const start = source.at;
        source.skipPlain(nothing);
        // A letter that looks like the source's placeholder is passed one by one.
        if (source.at === start) source.skip();
        this.#sink.text(source.since(start));
      }
    }
  }

  /** A call, or, without a known name, the text that looked like one. */
  *#call(): Waiting<void> {
    const source = this.#source;
    const start = source.mark();
    source.skip();
    const nameStart = source.at;
    let isWhole = false;
    while (!isWhole && (yield* source.more()) && source.special === undefined) {
      source.skipPlain(lineBreak);
      isWhole = source.letter === '\n';
      if (!isWhole && source.letter !== undefined) source.skip();
    }
    const tool = this.#tools.get(source.since(nameStart));
    const isCut = !isWhole && source.ended === 'length' && source.isDry;
    if (tool === undefined || isCut) {
      if (!isCut) this.#sink.text(source.since(start));
      source.commit();
      return;
    }
    source.commit();
    if (isWhole) source.skip();
    this.#sink.startCall(tool.tool.name, true);
    yield* new NanoCallReader(source, this.#sink, tool).call();
  }
}
