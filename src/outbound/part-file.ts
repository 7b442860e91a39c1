/** The file that a download grows in, beside its target; it takes the target's name only when it is whole. */

import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UnavailableError } from '../base/errors.ts';

/** Small enough that hashing holds up nobody else's answer. */
const hashBlockBytes = 256 * 1024;

/** Where an unfinished download of `target` lies. */
export function partPath(target: string): string {
  return `${target}.part`;
}

/** Bytes that may still be written under `folder`. */
export async function readFreeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** The error for a disk without room, with both numbers. */
export function diskFull(folder: string, neededBytes: number, freeBytes: number): UnavailableError {
  const message = `${toSize(neededBytes)} more are needed in ${folder}, and ${toSize(freeBytes)} are free.`;
  return new UnavailableError('disk_full', message);
}

function toSize(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** A file's sha256 in lower-case hexadecimal, read block by block. */
export async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const hash = createHash('sha256');
    const block = Buffer.alloc(hashBlockBytes);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(block, 0, block.length);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(block.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** An open part file; several writers may write at their own positions. */
export class PartFile {
  readonly target: string;
  readonly #handle: FileHandle;

  private constructor(target: string, handle: FileHandle) {
    this.target = target;
    this.#handle = handle;
  }

  /** Opens what is there, or makes it and the folders above. */
  static async open(target: string): Promise<PartFile> {
    await mkdir(dirname(target), { recursive: true });
    const path = partPath(target);
    const handle = await open(path, 'r+').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return open(path, 'w+');
      throw error;
    });
    return new PartFile(target, handle);
  }

  get folder(): string {
    return dirname(this.target);
  }

  async sizeBytes(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  /** Writes all of `bytes`; `neededBytes` = what is still to come, for the message if the disk is full. */
  async write(bytes: Uint8Array, position: number, neededBytes: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    } catch (error) {
      if (codeOf(error) !== 'ENOSPC' && codeOf(error) !== 'EDQUOT') throw error;
      throw diskFull(this.folder, neededBytes, await readFreeBytes(this.folder));
    }
  }

  /** What was written is on the disk when this returns. */
  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  /** Cuts the file. */
  resize(sizeBytes: number): Promise<void> {
    return this.#handle.truncate(sizeBytes);
  }

  /** Gives the whole file its name; a crash leaves either the part or the target, never half a target. */
  async finish(): Promise<void> {
    await this.#handle.sync();
    await rename(partPath(this.target), this.target);
    const folder = await open(this.folder, 'r');
    // Some file systems cannot sync a folder; the new name stands all the same.
    await folder.sync().catch(() => {});
    await folder.close();
  }

  /** An empty part is of no use to a later try, and does not stay. */
  async close(): Promise<void> {
    const isEmpty = (await this.sizeBytes()) === 0;
    await this.#handle.close();
    if (isEmpty) await rm(partPath(this.target), { force: true });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
