/** Deployments that wait for a probe in the background: one has its turn at a time. */

import type { DeploymentId } from '../../fleet/deployment.ts';
import { Bell } from '../bell.ts';

/** How turns go. */
export interface ProbeTurns {
  /** Before each turn: who woke the model up asks it first. */
  readonly restMs: number;
  /** One turn; never rejects; false = it needs another, once all others had theirs. */
  readonly attempt: (id: DeploymentId, closing: AbortSignal) => Promise<boolean>;
}

/** The row of those that wait. */
export class ProbeQueue {
  readonly #turns: ProbeTurns;
  readonly #waiting = new Set<DeploymentId>();
  readonly #closing = new AbortController();
  readonly #bell = new Bell();
  #loop: Promise<void> | undefined;

  constructor(turns: ProbeTurns) {
    this.#turns = turns;
  }

  add(id: DeploymentId): void {
    this.#waiting.add(id);
    this.#bell.ring();
  }

  start(): void {
    this.#loop ??= this.#serve();
  }

  /** Ends the turn that is under way, too. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
  }

  async #serve(): Promise<void> {
    const { signal } = this.#closing;
    const rest = new Bell();
    while (!signal.aborted) {
      const [id] = this.#waiting;
      if (id === undefined) {
        await this.#bell.next(signal).catch(() => {});
        continue;
      }
      await rest.next(signal, this.#turns.restMs).catch(() => {});
      this.#waiting.delete(id);
      if (!signal.aborted && !(await this.#turns.attempt(id, signal))) this.#waiting.add(id);
    }
  }
}
