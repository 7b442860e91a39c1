/** How fast places become free, from when they last did: what a client who finds the line full is told to wait. */

/** So many are remembered. */
const remembered = 32;
/** What is told while nothing is known, and at most, in seconds. */
const unknownSeconds = 5;
const longestSeconds = 300;

/** The moments at which requests ended. */
export class Pace {
  #endsMs: readonly number[] = [];

  note(nowMs: number): void {
    this.#endsMs = [...this.#endsMs, nowMs].slice(-remembered);
  }

  /** Whole seconds in which so many requests end, as far as can be told. */
  secondsFor(requests: number): number {
    const first = this.#endsMs[0] ?? 0;
    const last = this.#endsMs.at(-1) ?? 0;
    const gaps = this.#endsMs.length - 1;
    if (gaps < 1) return unknownSeconds;
    const seconds = Math.ceil((((last - first) / gaps) * requests) / 1000);
    return Math.min(longestSeconds, Math.max(1, seconds));
  }
}
