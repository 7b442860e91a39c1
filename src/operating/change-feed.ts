/** Tells of changes to all who listen, whatever one of them makes of it. */

import type { Log } from '../base/log.ts';
import type { FleetChange } from './fleet-control.ts';

/** Those who want to hear of changes. */
export class ChangeFeed {
  readonly #listeners = new Set<(change: FleetChange) => void>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  tell(change: FleetChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (thrown) {
        // What moves instances and fetches models must not end because somebody who watches it stumbles.
        this.#log.error({ err: thrown }, 'a change could not be told');
      }
    }
  }

  /** Calls `listener` after every change until the returned function is called. */
  subscribe(listener: (change: FleetChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
