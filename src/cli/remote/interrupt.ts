/** Ctrl-C, once, as a signal; the second ends the command as always. */

/** Runs `work` with a signal that Ctrl-C aborts. */
export async function untilInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  try {
    return await work(controller.signal);
  } finally {
    process.removeListener('SIGINT', stop);
    controller.abort();
  }
}
