/** The texts of single tokens, asked for once each: log probabilities come by token id. */

import type { TokenLogprob } from '../../chat/logprob.ts';
import type { TokenBytes } from './token-bytes.ts';

/** What token ids are spelled, special tokens included. */
export type Decode = (ids: readonly number[]) => Promise<string>;

interface Known {
  readonly text: string;
  readonly bytes: readonly number[];
}

const encoder = new TextEncoder();
const nothing: Known = { text: '', bytes: [] };

/** Remembers every token that was ever asked for: at most a vocabulary. */
export class TokenTexts {
  readonly #decode: Decode;
  readonly #readBytes: () => TokenBytes;
  #bytesOf: TokenBytes | undefined;
  readonly #known = new Map<number, Known>();

  /** The vocabulary is large: `readBytes` is called only once a token comes that is no whole character. */
  constructor(decode: Decode, readBytes: () => TokenBytes) {
    this.#decode = decode;
    this.#readBytes = readBytes;
  }

  /** Asks for those that are not known yet. */
  async learn(ids: Iterable<number>): Promise<void> {
    const unknown = [...new Set(ids)].filter((id) => !this.#known.has(id));
    await Promise.all(unknown.map(async (id) => this.#known.set(id, this.#knownAs(id, await this.#decode([id])))));
  }

  /** Of a token that is known. */
  logprob(id: number, logprob: number): TokenLogprob {
    const { text, bytes } = this.#known.get(id) ?? nothing;
    return { token: text, bytes, logprob };
  }

  #knownAs(id: number, text: string): Known {
    if (!text.includes('\ufffd')) return { text, bytes: [...encoder.encode(text)] };
    this.#bytesOf ??= this.#readBytes();
    return { text, bytes: this.#bytesOf(id) ?? [...encoder.encode(text)] };
  }
}
