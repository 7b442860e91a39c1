/** The answers that are under way, so that a server can end them before it stops. */

/** One answer; `signal` aborts when nobody wants it any more. */
export interface Flight {
  readonly signal: AbortSignal;
  /** True once the server's patience ended before the answer did. */
  readonly isCutShort: boolean;
  abort(): void;
  /** The answer is over, one way or the other. */
  leave(): void;
}

class TrackedFlight implements Flight {
  readonly #controller = new AbortController();
  readonly #onLeave: (flight: TrackedFlight) => void;
  isCutShort = false;

  constructor(onLeave: (flight: TrackedFlight) => void) {
    this.#onLeave = onLeave;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }

  cutShort(): void {
    if (this.signal.aborted) return;
    this.isCutShort = true;
    this.abort();
  }

  leave(): void {
    this.#onLeave(this);
  }
}

/** How long an answer that was cut short may take to tell its client. */
const farewellMs = 1_000;

/** Counts answers in and out. */
export class InFlight {
  readonly #flights = new Set<TrackedFlight>();
  #onEmpty: (() => void) | undefined;
  #isDraining = false;

  /** Once true, no new request is taken. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  enter(): Flight {
    const flight = new TrackedFlight((left) => {
      this.#flights.delete(left);
      if (this.#flights.size === 0) this.#onEmpty?.();
    });
    this.#flights.add(flight);
    return flight;
  }

  /** Waits for all to leave; after `graceMs` the rest are cut short, and get a moment to say so. */
  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    if (await this.#emptyWithin(graceMs)) return;
    for (const flight of this.#flights) flight.cutShort();
    await this.#emptyWithin(farewellMs);
  }

  #emptyWithin(timeMs: number): Promise<boolean> {
    if (this.#flights.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}
