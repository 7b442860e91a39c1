/** Ends what was begun, the last first. */

/** Ends one thing. */
export type End = () => Promise<void>;

/** Calls all of them, the last first; one that fails keeps no other from being called, and is thrown at the end. */
export async function endAll(ends: readonly End[]): Promise<void> {
  const failures: unknown[] = [];
  for (const end of [...ends].reverse()) {
    try {
      await end();
    } catch (thrown) {
      failures.push(thrown);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Runs `open`, which hands over the end of each thing it has begun; if it fails, those are ended. */
export async function openAll<T>(open: (begun: (end: End) => void) => Promise<T>): Promise<T & { close: End }> {
  const ends: End[] = [];
  let closing: Promise<void> | undefined;
  const close: End = () => {
    closing ??= endAll(ends);
    return closing;
  };
  try {
    const opened = await open((end) => void ends.push(end));
    return { ...opened, close };
  } catch (thrown) {
    // What stopped the opening is what people must hear of.
    await close().catch(() => {});
    throw thrown;
  }
}
