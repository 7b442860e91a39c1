/** Edits one after another, so that each is made on what the one before has left. */

/** Runs one after another what it is given; a failure is its own caller's affair. */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}
