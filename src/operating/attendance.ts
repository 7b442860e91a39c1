/** The requests that an instance answers now, and how many it takes at once. */

import type { ChatClient, EngineClient } from '../engines/engine.ts';
import { Bell } from './bell.ts';

/** Counts them in and out. */
export class Attendance {
  #running = 0;
  #places = 1;
  #isHurried = false;
  #client: Pick<EngineClient | ChatClient, 'stats'> | undefined;
  readonly #left = new Bell();

  /** Requests under way. */
  get running(): number {
    return this.#running;
  }

  /** Requests that it takes at once. */
  get places(): number {
    return this.#places;
  }

  /** A life begins. The engine knows better than the wishes: one that was taken over may have been started with others. */
  open(client: Pick<EngineClient | ChatClient, 'stats'>, parallel: number): void {
    this.#client = client;
    this.#places = parallel;
    const count = ({ slots }: { readonly slots: number }): void => {
      if (this.#client === client && slots > 0) this.#places = slots;
    };
    client.stats().then(count, () => {});
  }

  /** Counts a request in; the returned function counts it out, once. */
  enter(): () => void {
    this.#running++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#running--;
      this.#left.ring();
    };
  }

  /** Nobody is waited for any more. */
  hurry(): void {
    this.#isHurried = true;
    this.#left.ring();
  }

  /** Resolves when all have left; rejects when that takes longer. */
  async over(withinMs: number): Promise<void> {
    if (this.#running === 0) return;
    const deadline = AbortSignal.timeout(withinMs);
    while (this.#running > 0 && !this.#isHurried) await this.#left.next(deadline);
  }
}
