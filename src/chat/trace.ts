/** The side channel of an answer: prompt, pieces and events of each attempt, for capture, playground and tests. */

import type { ChatEvent } from './event.ts';
import type { Piece } from './piece.ts';
import type { Prompt } from './prompt.ts';

/** A sink; each method may be called many times. */
export interface Trace {
  prompt(prompt: Prompt): void;
  piece(piece: Piece): void;
  event(event: ChatEvent): void;
}
