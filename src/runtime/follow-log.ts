/** Follows a log while it grows, over its turns. */

import { type FileHandle, open, stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import { readEndOf } from './read-log.ts';

/** How often it is looked for more; every file system knows sizes, not all of them tell of changes. */
const lookMs = 150;
const chunkBytes = 64 << 10;

/** What to follow, and until when. */
export interface Following {
  readonly path: string;
  /** How many of the lines that are there come first. */
  readonly lines: number;
  /** Will nothing more be written? */
  readonly isOver: () => boolean;
  readonly signal: AbortSignal;
}

/**
 * Yields text until the log is over or the signal aborts.
 * Of a log that turns twice between two looks, what was only in the file between is not seen.
 */
export async function* followLog({ path, lines, isOver, signal }: Following): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let file = await openOrNothing(path);
  try {
    let position = 0;
    if (file !== undefined) {
      const { text, sizeBytes } = readEndOf(file.fd, path, lines);
      position = sizeBytes;
      if (text.length > 0) yield decoder.write(text);
    }
    while (!signal.aborted) {
      // Asked before reading: what is written before the end is then read after it.
      const over = isOver();
      const turned = await hasTurned(file, path);
      for await (const bytes of readFrom(file, position, signal)) {
        position += bytes.length;
        yield decoder.write(bytes);
      }
      if (turned) {
        await file?.close();
        file = await openOrNothing(path);
        position = 0;
      } else if (over) return;
      else await sleep(lookMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    await file?.close();
  }
}

/** Is there a newer file? The old one is whole then, because it was closed before it was renamed. */
async function hasTurned(file: FileHandle | undefined, path: string): Promise<boolean> {
  try {
    const newest = await stat(path);
    return file === undefined || newest.ino !== (await file.stat()).ino;
  } catch {
    return false;
  }
}

async function* readFrom(file: FileHandle | undefined, start: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  let position = start;
  while (file !== undefined && !signal.aborted) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function openOrNothing(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch {
    return undefined;
  }
}
