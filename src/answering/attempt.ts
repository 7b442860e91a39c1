/** One generation of an engine that takes text: generate, read, stop. */

import { EngineError } from '../base/errors.ts';
import type { ParserEvent, Usage } from '../chat/event.ts';
import type { PieceEnd } from '../chat/piece.ts';
import type { Trace } from '../chat/trace.ts';
import type { EngineClient, GenerateRequest } from '../engines/engine.ts';
import type { AnswerReader } from './answer-reader.ts';
import type { Generation } from './asker.ts';
import { noUsage } from './meter.ts';

/** What an attempt is made of. */
export interface AttemptParts {
  readonly client: EngineClient;
  readonly wish: Omit<GenerateRequest, 'signal'>;
  readonly reader: AnswerReader;
  readonly trace?: Trace;
}

/** One generation; after `events` has ended, `reason`, `usage` and `raw` are known. */
export class Attempt implements Generation {
  /** Why the answer ended: by itself (or by us), or by the token limit. */
  reason: PieceEnd = 'stop';
  usage: Usage = noUsage;
  readonly #parts: AttemptParts;
  readonly #abort = new AbortController();

  constructor(parts: AttemptParts) {
    this.#parts = parts;
  }

  get raw(): string {
    return this.#parts.reader.raw;
  }

  /** Ends the generation: what is needed has come. */
  stop(): void {
    this.#abort.abort();
  }

  async *events(signal: AbortSignal): AsyncGenerator<ParserEvent, void, undefined> {
    const { client, wish, reader, trace } = this.#parts;
    const both = AbortSignal.any([signal, this.#abort.signal]);
    let isOver = false;
    this.usage = { promptTokens: wish.tokens.length, completionTokens: 0, cachedTokens: 0 };
    try {
      for await (const piece of client.generate({ ...wish, signal: both })) {
        trace?.piece(piece);
        const { promptTokens, completionTokens, cachedTokens } = this.usage;
        this.usage = piece.usage ?? { promptTokens, completionTokens: completionTokens + piece.tokens, cachedTokens };
        const { events, stopped } = reader.push(piece);
        if (piece.end !== undefined && !stopped) this.reason = piece.end;
        isOver = stopped || piece.end !== undefined;
        yield* events;
        if (isOver) break;
      }
    } finally {
      this.stop();
    }
    if (!isOver && !signal.aborted) throw endedEarly();
  }
}

/** An engine stream that ended without saying why. */
function endedEarly(): EngineError {
  return new EngineError('engine_protocol', 'The engine ended its answer without saying why.');
}
