/** How long a model may think before what was demanded of it, and how its thinking is then ended. */

import type { Piece } from '../chat/piece.ts';
import { joinSegments, type Prompt, type PromptSegment } from '../chat/prompt.ts';
import type { ChatRequest, Warning } from '../chat/request.ts';

/**
 * Tokens of reasoning after which it is ended; undefined = as many as the model wants. `thinking_budget` among the
 * template's variables says it; else half of the answer goes to what was demanded, a call or JSON.
 */
export function thinkingBudget(request: ChatRequest, maxTokens: number): number | undefined {
  const wish = request.templateVariables['thinking_budget'];
  if (typeof wish === 'number' && wish >= 0) return wish;
  const { type } = request.toolChoice;
  const isDemanded = type === 'required' || type === 'tool' || request.output !== undefined;
  return isDemanded ? Math.floor(maxTokens / 2) : undefined;
}

/** Counts the tokens of an answer's reasoning, and keeps what was written. */
export class ThoughtCount {
  readonly #budget: number;
  readonly #segments: PromptSegment[] = [];
  #tokens = 0;

  /** That a model thinks is known from its first token of reasoning on. */
  constructor(budget: number) {
    this.#budget = Math.max(1, budget);
  }

  /** Takes the piece after which the model is thinking, or not. */
  add(piece: Piece, isThinking: boolean): void {
    if (piece.special !== undefined) this.#segments.push({ text: piece.special, trusted: true });
    if (piece.text !== '') this.#segments.push({ text: piece.text, trusted: false });
    if (isThinking) this.#tokens += piece.tokens;
  }

  get isSpent(): boolean {
    return this.#tokens >= this.#budget;
  }

  /** All that was written so far. */
  get written(): Prompt {
    return joinSegments(this.#segments);
  }

  get warning(): Warning {
    const message = `The model's reasoning was ended after ${this.#tokens} tokens, so that its answer has room.`;
    return { code: 'reasoning_cut', message };
  }
}
