/** Changes that the fleet itself does not see: downloads, devices. */

import type { FleetChange } from './fleet-control.ts';

/** Told of by whoever changes something outside the fleet. */
export class ChangeFeed {
  readonly #listeners = new Set<(change: FleetChange) => void>();

  tell(change: FleetChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  subscribe(listener: (change: FleetChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
