/** How likely the model found what it wrote. */

/** A token with its log probability before any grammar, bias or temperature. */
export interface TokenLogprob {
  /** The token's text; U+FFFD where it is not whole UTF-8. */
  readonly token: string;
  readonly bytes: readonly number[];
  readonly logprob: number;
}

/** A drawn token and the likeliest ones beside it, likeliest first. */
export interface DrawnLogprob extends TokenLogprob {
  readonly top: readonly TokenLogprob[];
}
