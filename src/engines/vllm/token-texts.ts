/** The texts of single tokens, asked for once each: log probabilities come by token id. */

import type { TokenLogprob } from '../../chat/logprob.ts';

/** What token ids are spelled, special tokens included. */
export type Decode = (ids: readonly number[]) => Promise<string>;

const encoder = new TextEncoder();

/** Remembers every token that was ever asked for: at most a vocabulary. */
export class TokenTexts {
  readonly #decode: Decode;
  readonly #known = new Map<number, string>();

  constructor(decode: Decode) {
    this.#decode = decode;
  }

  /** Asks for those that are not known yet. */
  async learn(ids: Iterable<number>): Promise<void> {
    const unknown = [...new Set(ids)].filter((id) => !this.#known.has(id));
    await Promise.all(unknown.map(async (id) => this.#known.set(id, await this.#decode([id]))));
  }

  /** Of a token that is known; bytes that are no whole character come as U+FFFD, as the engine tells no bytes. */
  logprob(id: number, logprob: number): TokenLogprob {
    const token = this.#known.get(id) ?? '';
    return { token, bytes: [...encoder.encode(token)], logprob };
  }
}
