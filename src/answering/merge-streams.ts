/** Several streams as one: whatever comes first goes out first. */

type Settled<T> =
  | { readonly index: number; readonly result: IteratorResult<T, void> }
  | { readonly index: number; readonly error: unknown };

/**
 * Values of all streams in the order of their coming; each stream is asked for its next value only when its last one
 * was taken. The first failure ends all. `stop` is called at the end, whatever brought it, and must let every stream
 * that is waiting go on.
 */
export async function* mergeStreams<T>(
  streams: readonly AsyncGenerator<T, void, undefined>[],
  stop: () => void,
): AsyncGenerator<T, void, undefined> {
  const settled: Settled<T>[] = [];
  let wake: (() => void) | undefined;
  const settle = (item: Settled<T>): void => {
    settled.push(item);
    wake?.();
  };
  const pull = (index: number): void => {
    streams[index]?.next().then(
      (result) => settle({ index, result }),
      (error: unknown) => settle({ index, error }),
    );
  };
  try {
    for (const index of streams.keys()) pull(index);
    for (let open = streams.length; open > 0; ) {
      const item = settled.shift();
      if (item === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if ('error' in item) throw item.error;
      if (item.result.done === true) open--;
      else {
        yield item.result.value;
        pull(item.index);
      }
    }
  } finally {
    stop();
    await Promise.allSettled(streams.map((stream) => stream.return()));
  }
}
