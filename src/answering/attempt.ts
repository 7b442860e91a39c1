/** One generation: tokenise, check the context, generate, parse, stop. */

import { EngineError } from '../base/errors.ts';
import type { ParserEvent, Usage } from '../chat/event.ts';
import type { Piece, PieceEnd } from '../chat/piece.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { Trace } from '../chat/trace.ts';
import type { Candidate } from '../engines/roster.ts';
import type { FormatParser } from '../formats/ask.ts';
import { fitContext } from './context-limit.ts';
import { noUsage } from './meter.ts';
import type { Prepared } from './prepare.ts';
import { StopReader } from './stop-reader.ts';

/** What an attempt is made of. */
export interface AttemptParts {
  readonly prepared: Prepared;
  readonly candidate: Candidate;
  readonly request: ChatRequest;
  readonly newCallId: () => string;
  readonly trace?: Trace;
}

/** One generation; after `events` has ended, `reason` and `usage` are known. */
export class Attempt {
  /** Why the answer ended: by itself (or by us), or by the token limit. */
  reason: PieceEnd = 'stop';
  usage: Usage = noUsage;
  readonly #parts: AttemptParts;
  readonly #abort = new AbortController();

  constructor(parts: AttemptParts) {
    this.#parts = parts;
  }

  /** Ends the generation: what is needed has come. */
  stop(): void {
    this.#abort.abort();
  }

  async *events(signal: AbortSignal): AsyncGenerator<ParserEvent, void, undefined> {
    const { prepared, candidate, request } = this.#parts;
    this.#parts.trace?.prompt(prepared.prompt);
    const tokens = await candidate.client.tokenize(prepared.prompt);
    const wished = { ...candidate.spec.sampling, ...request.sampling };
    const sampling = fitContext(wished, tokens.length, candidate.client.contextPerSlot);
    const parser = prepared.plan.parser(this.#parts.newCallId);
    const stops = new StopReader(request.stop);
    const both = AbortSignal.any([signal, this.#abort.signal]);
    const { constraint } = prepared.plan;
    let over = false;
    this.usage = { promptTokens: tokens.length, completionTokens: 0, cachedTokens: 0 };
    try {
      for await (const piece of candidate.client.generate({ tokens, constraint, sampling, signal: both })) {
        const read = this.#read(piece, parser, stops);
        over = read.stopped || piece.end !== undefined;
        yield* read.events;
        if (over) break;
      }
    } finally {
      this.stop();
    }
    if (!over && !signal.aborted) throw endedEarly();
  }

  /** What one piece amounts to; a stop string ends the answer where it begins. */
  #read(piece: Piece, parser: FormatParser, stops: StopReader): { events: ParserEvent[]; stopped: boolean } {
    this.#parts.trace?.piece(piece);
    this.usage = piece.usage ?? {
      ...this.usage,
      completionTokens: this.usage.completionTokens + piece.tokens,
    };
    const parsed = [...parser.push(piece)];
    if (piece.end !== undefined) {
      this.reason = piece.end;
      parsed.push(...parser.end(piece.end));
    }
    const events: ParserEvent[] = [];
    for (const event of parsed) {
      if (event.type === 'text-delta') {
        const outcome = stops.push(event.text);
        if (outcome.text !== '') events.push({ type: 'text-delta', text: outcome.text });
        if (!outcome.stopped) continue;
        this.reason = 'stop';
        return { events, stopped: true };
      }
      if (event.type === 'call-start') flush(stops, events);
      events.push(event);
    }
    if (piece.end !== undefined) flush(stops, events);
    return { events, stopped: false };
  }
}

function flush(stops: StopReader, events: ParserEvent[]): void {
  const text = stops.flush();
  if (text !== '') events.push({ type: 'text-delta', text });
}

/** An engine stream that ended without saying why. */
function endedEarly(): EngineError {
  return new EngineError('engine_protocol', 'The engine ended its answer without saying why.');
}
