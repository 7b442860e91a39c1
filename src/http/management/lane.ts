/** Where calls wait to begin, so that a flood of them holds up nobody else's answers. */

/** Lets calls begin one after the other, each in a turn of the event loop of its own: what else is ready goes between. */
export class Lane {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is one's turn. */
  turn(): Promise<void> {
    this.#last = this.#last.then(nextTurn);
    return this.#last;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
