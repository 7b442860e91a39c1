/** Writes a GGUF file beside its place and moves it there when it is whole. */

import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskFull, partPath, readFreeBytes } from '../../outbound/part-file.ts';
import { convertTensor } from './convert-tensor.ts';
import { ggufHeader, type MetadataEntry, paddingAfter } from './gguf-header.ts';
import type { TargetTensor } from './target-type.ts';

/** What to write, and where. */
export interface WriteJob {
  readonly path: string;
  readonly metadata: readonly MetadataEntry[];
  readonly tensors: readonly TargetTensor[];
  readonly signal: AbortSignal;
  /** Told after each part: bytes written so far, of how many. */
  readonly onProgress: (bytesDone: number, bytesTotal: number) => void;
}

/** Writes it; whatever an earlier attempt left is written anew, and nothing is left if this one fails. */
export async function writeGguf(job: WriteJob): Promise<void> {
  const part = partPath(job.path);
  await mkdir(dirname(part), { recursive: true, mode: 0o700 });
  try {
    await writePart(part, job);
    await rename(part, job.path);
  } catch (thrown) {
    await rm(part, { force: true });
    throw thrown;
  }
}

async function writePart(part: string, { metadata, tensors, signal, onProgress }: WriteJob): Promise<void> {
  const header = ggufHeader(
    metadata,
    tensors.map(({ entry }) => entry),
  );
  const total = tensors.reduce(
    (sum, { entry }) => sum + entry.sizeBytes + paddingAfter(entry.sizeBytes),
    header.length,
  );
  const sources = new OpenFiles();
  const target = await open(part, 'w', 0o600);
  let done = 0;
  const write = async (bytes: Buffer): Promise<void> => {
    signal.throwIfAborted();
    await writeWhole(target, bytes, { part, missing: total - done });
    done += bytes.length;
    onProgress(done, total);
  };
  try {
    await write(header);
    for (const tensor of tensors) {
      for await (const bytes of convertTensor(tensor, (path) => sources.open(path))) await write(bytes);
      await write(Buffer.alloc(paddingAfter(tensor.entry.sizeBytes)));
    }
    await target.sync();
  } finally {
    await target.close();
    await sources.close();
  }
}

async function writeWhole(
  target: FileHandle,
  bytes: Buffer,
  { part, missing }: { part: string; missing: number },
): Promise<void> {
  try {
    await target.writeFile(bytes);
  } catch (thrown) {
    const isFull =
      thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOSPC' || thrown.code === 'EDQUOT');
    throw isFull ? diskFull(dirname(part), missing, await readFreeBytes(dirname(part))) : thrown;
  }
}

/** Each file of weights is opened once. */
class OpenFiles {
  readonly #byPath = new Map<string, FileHandle>();

  async open(path: string): Promise<FileHandle> {
    const known = this.#byPath.get(path);
    if (known !== undefined) return known;
    const file = await open(path, 'r');
    this.#byPath.set(path, file);
    return file;
  }

  async close(): Promise<void> {
    for (const file of this.#byPath.values()) await file.close();
  }
}
