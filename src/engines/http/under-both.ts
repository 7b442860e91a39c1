/** One signal out of two, for as long as something runs. */

/**
 * What `run` yields, under a signal that aborts with either of the two. Unlike `AbortSignal.any`, whose dependents the
 * longer-lived of two signals remembers, nothing of it stays behind.
 */
export async function* underBoth<T>(
  signals: readonly [AbortSignal, AbortSignal],
  run: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const both = new AbortController();
  const leave = (): void => both.abort(signals.find(({ aborted }) => aborted)?.reason);
  for (const signal of signals) signal.addEventListener('abort', leave, { once: true });
  if (signals.some(({ aborted }) => aborted)) leave();
  try {
    yield* run(both.signal);
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', leave);
  }
}
