/** Log probabilities in the older shape: parallel lists, and where in the text each token begins. */

import type { JsonObject } from '../../base/json.ts';
import type { DrawnLogprob, TokenLogprob } from '../../chat/logprob.ts';

/** Encodes the tokens of one choice, all at once or part by part. */
export class LogprobEncoder {
  /** Code points that have begun, which is what readers in Python index by. */
  #begun = 0;

  encode(logprobs: readonly DrawnLogprob[]): JsonObject {
    return {
      tokens: logprobs.map(nameOf),
      token_logprobs: logprobs.map(({ logprob }) => logprob),
      // The drawn token is always among them.
      top_logprobs: logprobs.map((drawn) =>
        Object.fromEntries([...drawn.top, drawn].map((one) => [nameOf(one), one.logprob])),
      ),
      text_offset: logprobs.map((drawn) => this.#offset(drawn)),
    };
  }

  #offset({ bytes }: DrawnLogprob): number {
    const [first] = bytes;
    const goesOn = first !== undefined && isContinuation(first) && this.#begun > 0;
    const offset = goesOn ? this.#begun - 1 : this.#begun;
    for (const byte of bytes) if (!isContinuation(byte)) this.#begun++;
    return offset;
  }
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Tokens that are no whole text are told apart by their bytes, as OpenAI writes them: `bytes:\\xe6\\xb5`. */
function nameOf({ token, bytes }: TokenLogprob): string {
  if (!token.includes('\ufffd')) return token;
  return `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
}
