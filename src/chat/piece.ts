/** What an engine hands out while it generates. */

import type { Usage } from './event.ts';
import type { DrawnLogprob } from './logprob.ts';

/** Why generation ended; `stop` = an end-of-turn token or the grammar's end. */
export type PieceEnd = 'stop' | 'length';

/**
 * One step's output of one answer. `text` holds whole code points only (the engine's client joins UTF-8 that
 * tokens split; undecodable bytes become U+FFFD). A special token comes as a piece of its own with `special` set
 * to its spelling and `text` empty: letters that merely spell it arrive as `text`.
 */
export interface Piece {
  readonly text: string;
  readonly special?: string;
  /** How many tokens this piece stands for. */
  readonly tokens: number;
  /** One for each of its tokens but the one that ends the turn, if they were asked for. */
  readonly logprobs?: readonly DrawnLogprob[];
  /** Set on the last piece only. */
  readonly end?: PieceEnd;
  readonly usage?: Usage;
}
