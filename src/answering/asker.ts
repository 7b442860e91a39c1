/** What every way of asking an engine has in common: a request becomes a question, a question is answered by generations. */

import type { ParserEvent, Report, Usage } from '../chat/event.ts';
import type { PieceEnd } from '../chat/piece.ts';
import type { ChatRequest, Warning } from '../chat/request.ts';
import type { Tool } from '../chat/tool.ts';
import type { ToolFormat } from '../formats/format.ts';
import type { TimeLimits } from './time-limits.ts';

/** One answer being generated; after `events` has ended, the rest is known. */
export interface Generation {
  /** Why it ended: by itself (or by us), or by the token limit. */
  readonly reason: PieceEnd;
  readonly usage: Usage;
  /** What had to be done to the answer while it was generated. */
  readonly warnings: readonly Warning[];
  /** The text before any format read it; empty unless the request wants it. */
  readonly raw: string;
  events(signal: AbortSignal): AsyncGenerator<ParserEvent, void, undefined>;
  /** Ends the generation: what is needed has come. */
  stop(): void;
}

/** A request in the engine's own form: rendered, tokenised, found to fit. */
export interface Question {
  /** The tools the model is shown. */
  readonly tools: readonly Tool[];
  /** Does the engine sample under the question's grammar? */
  readonly isConstrained: boolean;
  /** By tool: keywords that sampling leaves open. */
  readonly relaxed: ReadonlyMap<string, readonly string[]>;
  readonly warnings: readonly Warning[];
  /** Begins the `choice`-th of several independent answers. */
  generate(choice: number): Generation;
}

/** Puts requests to one engine. */
export interface Asker {
  readonly path: Report['path'];
  /** Absent where the engine reads its model's calls by itself, and where there is nothing to read. */
  readonly format?: ToolFormat;
  /** Throws RequestError when the request cannot be put (it does not fit, the template refuses it). */
  question(request: ChatRequest): Promise<Question>;
}

/** What an asker needs besides its engine. */
export interface AskingTools {
  readonly newCallId: () => string;
  readonly now: () => Date;
  readonly limits: TimeLimits;
}

/** The same seed for the first choice, and another for each further one. */
export function seedOfChoice(seed: number, choice: number): number {
  // An odd factor maps different numbers of choices to different seeds.
  return choice === 0 ? seed : (Math.imul(choice, 0x9e3779b1) ^ (seed % 2 ** 32)) >>> 0;
}
