/** OpenAI's chat completions, with the dialects that its clients send. */

import type { Protocol } from '../protocol.ts';
import { decode } from './decode.ts';
import { encodeBody, encodeFailure } from './encode.ts';
import { ChunkEncoder } from './frames.ts';

/** Answers `POST …/chat/completions`. */
export const openaiChat: Protocol = {
  path: '/chat/completions',
  decode,
  frames: (reply) => new ChunkEncoder(reply),
  body: encodeBody,
  failure: encodeFailure,
};
