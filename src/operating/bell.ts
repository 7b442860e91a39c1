/** Wakes everyone who waits for something to change; what changed they look up themselves. */

/** Rings for all that wait at that moment. */
export class Bell {
  #waiters = new Set<() => void>();

  ring(): void {
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const wake of waiters) wake();
  }

  /** Resolves at the next ring, or after `withinMs`; rejects with the signal's reason. */
  next(signal: AbortSignal, withinMs?: number): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const timer = withinMs === undefined ? undefined : setTimeout(() => wake(), withinMs);
      const leave = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.#waiters.delete(wake);
      };
      const wake = (): void => {
        leave();
        resolve();
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(wake);
    });
  }
}
