/** OpenAI's older completions: a text goes on, without roles, templates or tools. */

import { encodeFailure } from '../openai-chat/encode.ts';
import type { Protocol } from '../protocol.ts';
import { decode } from './decode.ts';
import { encodeBody } from './encode.ts';
import { CompletionEncoder } from './frames.ts';

/** Answers `POST …/completions`. */
export const openaiCompletions: Protocol = {
  path: '/completions',
  decode,
  frames: (reply) => new CompletionEncoder(reply),
  body: encodeBody,
  failure: encodeFailure,
};
