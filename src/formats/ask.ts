/** What a format is asked for one answer, and the plan it returns. */

import type { ParserEvent } from '../chat/event.ts';
import type { Message } from '../chat/message.ts';
import type { Piece } from '../chat/piece.ts';
import type { Prompt } from '../chat/prompt.ts';
import type { OutputSchema } from '../chat/request.ts';
import type { Tool, ToolChoice } from '../chat/tool.ts';
import type { Constraint } from '../grammar/constraint.ts';

/** What is known of an answer before its prompt is rendered. */
export interface Conditions {
  /** The tools the model sees, in the order it sees them. */
  readonly tools: readonly Tool[];
  readonly choice: ToolChoice;
  readonly parallel: boolean;
  readonly output?: OutputSchema;
  readonly messages: readonly Message[];
  /** `zh` if any CJK character stands in messages or tools. */
  readonly language: 'en' | 'zh';
  /** String arguments must be stretches of the conversation's texts (nano by default). */
  readonly copyOnly?: boolean;
}

/** All of one answer's conditions. */
export interface Ask extends Conditions {
  /** Does the rendered prompt end inside an opened reasoning block? */
  readonly promptEnd: 'text' | 'reasoning';
  /** The engine holds the model to no grammar: of what a call is made of, anything may be missing. */
  readonly isUnheld?: boolean;
}

/** Constraint and parser of one answer; they come from one call, so they cannot disagree. */
export interface AnswerPlan {
  /** Appended to the rendered prompt; the parser already knows it. */
  readonly prefill: Prompt;
  readonly constraint: Constraint;
  /** By tool name: the schema keywords that sampling does not enforce. Empty list = wholly enforced. */
  readonly relaxed: ReadonlyMap<string, readonly string[]>;
  /** The same for the JSON that `Ask.output` asks for; absent without it. */
  readonly outputRelaxed?: readonly string[];
  /** How reasoning is ended, and what holds of the answer behind it; absent where the format knows none. */
  readonly afterReasoning?: { readonly close: Prompt; readonly constraint: Constraint };
  /** A fresh parser for one attempt; `newCallId` makes the ids we issue. */
  parser(newCallId: () => string): FormatParser;
}

/**
 * Reads one answer. Equal events (text deltas joined) for every chunking of the same pieces; never retracts.
 * After a call's opening it ends every call it started, at the latest in `end`.
 */
export interface FormatParser {
  /** Is reasoning being written, so that its closing marker would end it here? */
  readonly isThinking: boolean;
  push(piece: Piece): readonly ParserEvent[];
  /** The answer is over; `length` = the token limit ended it, so an open call is `cut`. */
  end(reason: 'stop' | 'length'): readonly ParserEvent[];
}
