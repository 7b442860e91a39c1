/** What the automaton knows of a tokenizer: the bytes each token stands for, and which tokens are special. */

/** Token ids run from 0 to `size - 1`. */
export interface Vocabulary {
  readonly size: number;
  /** The bytes of a token; empty for special (control) and unused tokens. */
  bytes(id: number): Uint8Array;
  /** The spelling of a special token, else undefined. */
  special(id: number): string | undefined;
}
