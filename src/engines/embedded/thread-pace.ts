/**
 * How many threads the next step gets. ggml's threads wait for each other by spinning, so where another program takes
 * one of their cores, a step with several threads can take a hundred times its usual time, and one thread wins.
 */

/** A step this many times slower than usual, and by this much, is slow: a pause of the machine is not a crowd. */
const slowFactor = 6;
const slowByMs = 4;
/** Slow steps in a row before threads are taken away. */
const patience = 2;
/** Steps with fewer threads before all are tried again; doubled each time that fails at once. */
const shortestRest = 64;
const longestRest = 4_096;
/** Times remembered for each size of step and number of threads, and how many make a "usual". */
const remembered = 32;
const enough = 8;

/** Watches the times of steps and decides; knows no clock. */
export class ThreadPace {
  readonly #most: number;
  #threads: number;
  #slowInRow = 0;
  #rest = shortestRest;
  /** Steps since the number of threads last changed. */
  #steps = 0;
  /** All threads are back, and have not yet shown for long that it goes well. */
  #isTrial = false;
  /** Times by size of step, then by threads. */
  readonly #times = new Map<number, Map<number, number[]>>();

  constructor(most: number) {
    this.#most = most;
    this.#threads = most;
  }

  /** The threads for the next step, after one that fed `size` tokens, one to each answer, in `tookMs`. */
  after(size: number, tookMs: number): number {
    if (this.#most === 1) return 1;
    const usualMs = this.#usual(size);
    this.#remember(size, tookMs);
    this.#steps++;
    const isSlow = usualMs !== undefined && tookMs > slowFactor * usualMs && tookMs > usualMs + slowByMs;
    this.#slowInRow = isSlow ? this.#slowInRow + 1 : 0;
    if (this.#slowInRow >= patience && this.#threads > 1) this.#yieldThreads();
    else if (this.#threads < this.#most && this.#steps >= this.#rest) this.#tryAll();
    else if (this.#isTrial && this.#steps >= shortestRest) this.#endTrial();
    return this.#threads;
  }

  #yieldThreads(): void {
    if (this.#isTrial) this.#rest = Math.min(this.#rest * 2, longestRest);
    this.#isTrial = false;
    this.#change(Math.max(1, this.#threads >> 1));
  }

  #tryAll(): void {
    this.#isTrial = true;
    this.#change(this.#most);
  }

  #endTrial(): void {
    this.#isTrial = false;
    this.#rest = shortestRest;
  }

  #change(threads: number): void {
    this.#threads = threads;
    this.#steps = 0;
    this.#slowInRow = 0;
  }

  /**
   * The best of the medians: many slow steps with all threads must not make slowness usual while fewer threads do
   * better, but a machine that is slower with any number has a new usual.
   */
  #usual(size: number): number | undefined {
    const medians = [...(this.#times.get(size)?.values() ?? [])].filter((times) => times.length >= enough).map(median);
    return medians.length === 0 ? undefined : Math.min(...medians);
  }

  #remember(size: number, tookMs: number): void {
    const byThreads = this.#times.get(size) ?? new Map<number, number[]>();
    const times = byThreads.get(this.#threads) ?? [];
    times.push(tookMs);
    if (times.length > remembered) times.shift();
    this.#times.set(size, byThreads.set(this.#threads, times));
  }
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
}
