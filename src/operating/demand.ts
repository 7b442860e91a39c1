/** Who uses what: a deployment that loads on demand stays loaded for as long as somebody does, and its time after. */

import type { Clock } from '../base/clock.ts';
import type { DeploymentId } from '../fleet/deployment.ts';

interface Use {
  /** Requests that wait for it or are being answered by it. */
  users: number;
  /** When the last one came or left, by the monotonic clock. */
  lastMs: number;
}

/** Uses of deployments, forgotten when their time is over. */
export class Demand {
  readonly #uses = new Map<DeploymentId, Use>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get ids(): ReadonlySet<DeploymentId> {
    return new Set(this.#uses.keys());
  }

  has(id: DeploymentId): boolean {
    return this.#uses.has(id);
  }

  /** Somebody uses it until the returned function is called. */
  enter(id: DeploymentId): () => void {
    this.touch(id);
    const use = this.#uses.get(id);
    if (use !== undefined) use.users++;
    let isOver = false;
    return () => {
      if (isOver || use === undefined) return;
      isOver = true;
      use.users--;
      use.lastMs = this.#clock.nowMs();
    };
  }

  /** Its time begins anew. */
  touch(id: DeploymentId): void {
    const use = this.#uses.get(id) ?? { users: 0, lastMs: 0 };
    use.lastMs = this.#clock.nowMs();
    this.#uses.set(id, use);
  }

  /** Forgets what nobody uses any more; `keptMs` = how long each is remembered after that. */
  sweep(keptMs: (id: DeploymentId) => number): void {
    for (const [id, { users, lastMs }] of this.#uses)
      if (users === 0 && this.#clock.nowMs() - lastMs > keptMs(id)) this.#uses.delete(id);
  }
}
