/** Who is next: everybody in the order in which they came, but callers take turns, so that none keeps the others waiting. */

/** One who waits, and on whose behalf. */
export interface InLine {
  readonly caller: string;
}

/** A line with turns. */
export class WaitingLine<T extends InLine> {
  /** In the order of turns; nobody's list is empty. */
  readonly #byCaller = new Map<string, T[]>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  enter(item: T): void {
    const own = this.#byCaller.get(item.caller);
    if (own === undefined) this.#byCaller.set(item.caller, [item]);
    else own.push(item);
    this.#length++;
  }

  /** It waits no more; false = it did not. */
  leave(item: T): boolean {
    const own = this.#byCaller.get(item.caller) ?? [];
    const index = own.indexOf(item);
    if (index < 0) return false;
    own.splice(index, 1);
    if (own.length === 0) this.#byCaller.delete(item.caller);
    this.#length--;
    return true;
  }

  /** It got what it waited for: its caller's next turn comes after everybody else's. */
  serve(item: T): void {
    if (!this.leave(item)) return;
    const rest = this.#byCaller.get(item.caller);
    if (rest === undefined) return;
    this.#byCaller.delete(item.caller);
    this.#byCaller.set(item.caller, rest);
  }

  /** Who has to go if the line is too long for this one who came last: the last of whoever has the most in it. */
  excess(newcomer: T): T {
    const lists = [...this.#byCaller.values()];
    const own = this.#byCaller.get(newcomer.caller)?.length ?? 0;
    const longest = lists.reduce((most, each) => (each.length > most.length ? each : most), []);
    return longest.length > own ? (longest.at(-1) ?? newcomer) : newcomer;
  }

  /** The next of each caller, in the order of their turns. */
  heads(): readonly T[] {
    return [...this.#byCaller.values()].flatMap(([first]) => (first === undefined ? [] : [first]));
  }

  /** All, in the order in which they will be served if nobody comes or goes. */
  inOrder(): readonly T[] {
    const order: T[] = [];
    let waiting = [...this.#byCaller.values()];
    for (let round = 0; waiting.length > 0; round++) {
      waiting = waiting.filter((own) => own.length > round);
      for (const own of waiting) order.push(...own.slice(round, round + 1));
    }
    return order;
  }
}
