/** A map that forgets what was used longest ago; two of them that see the same uses forget alike. */

/** At most `room` entries. */
export class RecentlyUsed<V> {
  readonly #room: number;
  readonly #entries = new Map<string, V>();

  constructor(room: number) {
    this.#room = room;
  }

  /** The value of a key, which counts as a use. */
  use(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  add(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#room && oldest !== undefined) this.#entries.delete(oldest);
  }
}
