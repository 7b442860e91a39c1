/** Whether an instance is trusted with requests: after several failures in a row it rests, and is tried again by one. */

/** So many failures in a row, within this time, and it rests. */
const maxFailures = 3;
const windowMs = 30_000;
/** The first rest; each one after a failed trial is twice as long. */
const firstRestMs = 5_000;
const longestRestMs = 60_000;

/** `trusted` = requests as ever; `resting` = none; `due` = one, to see. */
export type Trust = 'trusted' | 'resting' | 'due';

/** The trust in one life of an instance; times in milliseconds of one monotonic clock. */
export class Circuit {
  #failuresMs: readonly number[] = [];
  #rests = 0;
  #restsUntilMs = 0;
  #isOnTrial = false;

  trust(nowMs: number): Trust {
    if (this.#rests === 0) return 'trusted';
    return nowMs < this.#restsUntilMs || this.#isOnTrial ? 'resting' : 'due';
  }

  /** One request is given to it to see whether it answers. */
  beginTrial(): void {
    this.#isOnTrial = true;
  }

  /** A request was answered. */
  answered(): void {
    this.#failuresMs = [];
    this.#rests = 0;
    this.#isOnTrial = false;
  }

  /** The one who tried left before anything could be seen. */
  endTrial(): void {
    this.#isOnTrial = false;
  }

  /** A request failed by the engine's fault. */
  failed(nowMs: number): void {
    if (this.#isOnTrial) this.#rest(nowMs);
    // Those that were under way when it began to rest tell nothing new.
    if (this.#rests > 0) return;
    this.#failuresMs = [...this.#failuresMs.filter((atMs) => nowMs - atMs < windowMs), nowMs];
    if (this.#failuresMs.length >= maxFailures) this.#rest(nowMs);
  }

  #rest(nowMs: number): void {
    this.#isOnTrial = false;
    this.#failuresMs = [];
    this.#restsUntilMs = nowMs + Math.min(longestRestMs, firstRestMs * 2 ** Math.min(this.#rests, 10));
    this.#rests++;
  }
}
