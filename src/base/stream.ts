/** A queue between one who pushes and one who iterates, with an end and an error. */

/** Values pushed on one side come out of the async iterator on the other, in order. */
export class PushStream<T> implements AsyncIterable<T> {
  #queue: T[] = [];
  #ended = false;
  #error: unknown;
  #wake: (() => void) | undefined;
  readonly #onReturn: (() => void) | undefined;

  /** `onReturn` runs when the reader stops before the end (it broke out of its loop). */
  constructor(onReturn?: () => void) {
    this.#onReturn = onReturn;
  }

  /** How many values wait for the reader. */
  get waiting(): number {
    return this.#queue.length;
  }

  push(value: T): void {
    if (this.#ended) return;
    this.#queue.push(value);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#error = error;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    let finished = false;
    try {
      for (;;) {
        const batch = this.#queue;
        this.#queue = [];
        yield* batch;
        if (this.#queue.length > 0) continue;
        if (this.#ended) break;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
      finished = true;
    } finally {
      if (!finished) this.#onReturn?.();
    }
    if (this.#error !== undefined) throw this.#error;
  }
}
