/** Enforces a client's stop strings on visible text, wherever deltas split them. */

/** What came of one delta: the text that may be shown, and whether a stop string was met. */
export interface StopOutcome {
  readonly text: string;
  readonly stopped: boolean;
}

/** Shows text up to the first stop string; holds back no more than a possible beginning of one. */
export class StopReader {
  readonly #stops: readonly string[];
  #held = '';
  #stopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '');
  }

  push(delta: string): StopOutcome {
    if (this.#stopped) return { text: '', stopped: true };
    if (this.#stops.length === 0) return { text: delta, stopped: false };
    const text = this.#held + delta;
    const at = this.#first(text);
    if (at !== -1) {
      this.#stopped = true;
      this.#held = '';
      return { text: text.slice(0, at), stopped: true };
    }
    const keep = this.#partial(text);
    this.#held = text.slice(text.length - keep);
    return { text: text.slice(0, text.length - keep), stopped: false };
  }

  /** The text that turned out not to be a stop string: at the end, or before anything that is not text. */
  flush(): string {
    const text = this.#held;
    this.#held = '';
    return text;
  }

  /** Where the stop string begins that is complete first: the only rule that no chunking can change. */
  #first(text: string): number {
    let start = -1;
    let end = Infinity;
    for (const stop of this.#stops) {
      const at = text.indexOf(stop);
      if (at === -1 || at + stop.length > end) continue;
      start = at + stop.length === end ? Math.min(start, at) : at;
      end = at + stop.length;
    }
    return start;
  }

  /** Length of the longest end of `text` that is a proper beginning of a stop string. */
  #partial(text: string): number {
    let longest = 0;
    for (const stop of this.#stops)
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--)
        if (text.endsWith(stop.slice(0, length))) longest = length;
    return longest;
  }
}
