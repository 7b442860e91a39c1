/** One generation of an engine that takes text: generate, read, stop; where reasoning takes too long, end it and go on. */

import { EngineError } from '../base/errors.ts';
import type { ParserEvent, Usage } from '../chat/event.ts';
import type { Piece, PieceEnd } from '../chat/piece.ts';
import type { Prompt } from '../chat/prompt.ts';
import type { Warning } from '../chat/request.ts';
import type { Trace } from '../chat/trace.ts';
import type { EngineClient, GenerateRequest } from '../engines/engine.ts';
import type { AnswerReader } from './answer-reader.ts';
import type { Generation } from './asker.ts';
import { noUsage } from './meter.ts';
import { ThoughtCount } from './thinking-budget.ts';
import type { TimeLimits } from './time-limits.ts';

/** What an engine is asked. */
export type Wish = Omit<GenerateRequest, 'signal'>;

/** A bound to reasoning, and how the answer goes on behind it. */
export interface ThoughtLimit {
  readonly budget: number;
  /** The marker that ends reasoning. */
  readonly close: string;
  /** What to ask once so much is written; undefined if there is no room left. */
  goOn(written: Prompt, tokens: number): Promise<Wish | undefined>;
}

/** What an attempt is made of. */
export interface AttemptParts {
  readonly client: EngineClient;
  readonly wish: Wish;
  readonly reader: AnswerReader;
  readonly limits: TimeLimits;
  readonly thoughtLimit?: ThoughtLimit;
  readonly trace?: Trace;
}

/** One generation; after `events` has ended, `reason`, `usage`, `warnings` and `raw` are known. */
export class Attempt implements Generation {
  /** Why the answer ended: by itself (or by us), or by the token limit. */
  reason: PieceEnd = 'stop';
  usage: Usage = noUsage;
  readonly warnings: Warning[] = [];
  readonly #parts: AttemptParts;
  readonly #abort = new AbortController();
  readonly #thought: ThoughtCount | undefined;
  #isOver = false;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
    this.#thought = parts.thoughtLimit && new ThoughtCount(parts.thoughtLimit.budget);
  }

  get raw(): string {
    return this.#parts.reader.raw;
  }

  /** Ends the generation: what is needed has come. */
  stop(): void {
    this.#abort.abort();
  }

  async *events(signal: AbortSignal): AsyncGenerator<ParserEvent, void, undefined> {
    const { wish, thoughtLimit } = this.#parts;
    const ending = AbortSignal.any([signal, this.#abort.signal]);
    this.usage = { promptTokens: wish.tokens.length, completionTokens: 0, cachedTokens: 0 };
    try {
      yield* this.#run(wish, this.#thought, ending);
      if (!this.#isOver && !ending.aborted && thoughtLimit !== undefined && this.#thought?.isSpent === true)
        yield* this.#behindThought(thoughtLimit, this.#thought, ending);
    } finally {
      this.stop();
    }
    if (!this.#isOver && !signal.aborted) throw endedEarly();
  }

  /** Reads one stream of the engine to its end, or to that of the time for reasoning. */
  async *#run(
    wish: Wish,
    thought: ThoughtCount | undefined,
    ending: AbortSignal,
  ): AsyncGenerator<ParserEvent, void, undefined> {
    const { client, trace, reader, limits } = this.#parts;
    const before = this.usage;
    const leaving = new AbortController();
    const pieces = client.generate({ ...wish, signal: AbortSignal.any([ending, leaving.signal]) });
    for await (const piece of limits.watch(pieces, { begins: () => true, abort: () => leaving.abort() })) {
      trace?.piece(piece);
      this.#count(piece, before);
      yield* this.#read(piece);
      thought?.add(piece, reader.isThinking);
      if (this.#isOver || (reader.isThinking && thought?.isSpent === true)) break;
    }
  }

  /** The same answer goes on: the reader reads the marker as if the model had written it, and then the rest. */
  async *#behindThought(
    { close, goOn }: ThoughtLimit,
    thought: ThoughtCount,
    ending: AbortSignal,
  ): AsyncGenerator<ParserEvent, void, undefined> {
    this.warnings.push(thought.warning);
    yield* this.#read({ text: close, tokens: 0 });
    const wish = await goOn(thought.written, this.usage.completionTokens);
    if (wish === undefined) yield* this.#read({ text: '', tokens: 0, end: 'length' });
    else yield* this.#run(wish, undefined, ending);
  }

  *#read(piece: Piece): Generator<ParserEvent, void, undefined> {
    const { events, stopped } = this.#parts.reader.push(piece);
    if (piece.end !== undefined && !stopped) this.reason = piece.end;
    this.#isOver = stopped || piece.end !== undefined;
    yield* events;
  }

  /** The prompt counts as it was when the answer began. */
  #count(piece: Piece, before: Usage): void {
    const isFirst = before.completionTokens === 0;
    const { usage, tokens } = piece;
    if (usage !== undefined && isFirst) this.usage = usage;
    else if (usage !== undefined)
      this.usage = { ...before, completionTokens: before.completionTokens + usage.completionTokens };
    else this.usage = { ...this.usage, completionTokens: this.usage.completionTokens + tokens };
  }
}

/** An engine stream that ended without saying why. */
function endedEarly(): EngineError {
  return new EngineError('engine_protocol', 'The engine ended its answer without saying why.');
}
