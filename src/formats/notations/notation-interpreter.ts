/** What a notation's renderer and reader look like. */

import type { Prompt } from '../../chat/prompt.ts';
import type { JsonSchema } from '../../chat/tool.ts';
import type { Notation } from '../../grammar/notation.ts';
import type { AnswerSource, Waiting } from '../answer-source.ts';

/**
 * How arguments ended: `whole` before what cannot belong to them any more (which is not read); `foreign` at
 * something that should have belonged to them but is not written as the notation has it (not read either);
 * `ended` with the answer.
 */
export type ArgumentsEnd = 'whole' | 'foreign' | 'ended';

/** What a reader knows of the place it reads. */
export interface ReadingPlace {
  /** The called tool's parameters. */
  readonly schema: JsonSchema;
  /** What ends the call, in case the arguments never come to their own end. */
  readonly fences: readonly string[];
  /** Was the call held to the grammar from its beginning? Then nothing is missing in it. */
  readonly isBound?: boolean;
}

/** Writes and reads the arguments of one call. */
export interface NotationInterpreter<N extends Notation> {
  /**
   * The arguments (JSON text as a client sent it: key order and number text are kept) as the model would have
   * written them. The notation's marks are trusted segments, everything else is not. Text that is no JSON object is
   * written as it came.
   */
  render(json: string, notation: N, schema: JsonSchema): Prompt;
  /**
   * Reads arguments and passes one JSON object on as it comes, never taking anything back, in linear time; equal for
   * every chunking. The marks may come as letters or as special tokens. If the answer ends inside, what was passed
   * on is a true beginning of a JSON object.
   */
  read(source: AnswerSource, notation: N, place: ReadingPlace, sink: (json: string) => void): Waiting<ArgumentsEnd>;
}
