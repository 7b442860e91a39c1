/** Takes files out of an archive in the zip format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT. */

import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';
import { UnavailableError } from '../../base/errors.ts';

/** One file in an archive. */
interface ZipEntry {
  readonly name: string;
  readonly isStored: boolean;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly offset: number;
}

/** A zip that is larger, or lists more files, is none of the wheels that are known. */
const maxDirectoryBytes = 16 << 20;
const maxEntries = 100_000;
const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const entryBytes = 46;
const localBytes = 30;
const longestComment = 0xffff;

/** Where a file is to be put; undefined = it is not wanted. */
export type PickTarget = (name: string) => string | undefined;

/** Writes the files that are wanted, each bounded by the size that the archive tells. */
export async function unpackZip(path: string, pick: PickTarget, signal: AbortSignal): Promise<void> {
  const file = await open(path, 'r');
  try {
    for (const entry of await readDirectory(file)) {
      const target = pick(entry.name);
      if (target !== undefined) await unpack(file, { path, entry, target, signal });
    }
  } finally {
    await file.close();
  }
}

interface Unpacking {
  readonly path: string;
  readonly entry: ZipEntry;
  readonly target: string;
  readonly signal: AbortSignal;
}

async function unpack(file: FileHandle, { path, entry, target, signal }: Unpacking): Promise<void> {
  const { isStored, packedBytes, sizeBytes, offset } = entry;
  const header = await readAt(file, offset, localBytes);
  if (header.readUInt32LE(0) !== localSignature) throw broken();
  const start = offset + localBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
  let written = 0;
  await pipeline(
    // The end of a range belongs to it, so that there is no range of nothing.
    packedBytes === 0 ? Readable.from([]) : createReadStream(path, { start, end: start + packedBytes - 1 }),
    isStored ? new PassThrough() : createInflateRaw(),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        written += chunk.length;
        if (written > sizeBytes) throw broken();
        yield chunk;
      }
    },
    createWriteStream(target, { mode: 0o600 }),
    { signal },
  );
  if (written !== sizeBytes) throw broken();
}

async function readDirectory(file: FileHandle): Promise<readonly ZipEntry[]> {
  const { size } = await file.stat();
  const tail = await readAt(
    file,
    Math.max(0, size - endBytes - longestComment),
    Math.min(size, endBytes + longestComment),
  );
  const at = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (at < 0 || at + endBytes > tail.length || tail.readUInt32LE(at) !== endSignature) throw broken();
  const [bytes, offset] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  if (bytes > maxDirectoryBytes || offset + bytes > size) throw broken();
  return parseDirectory(await readAt(file, offset, bytes));
}

function parseDirectory(bytes: Buffer): readonly ZipEntry[] {
  const entries: ZipEntry[] = [];
  for (let at = 0; at + entryBytes <= bytes.length && entries.length < maxEntries; ) {
    if (bytes.readUInt32LE(at) !== entrySignature) throw broken();
    const method = bytes.readUInt16LE(at + 10);
    const [packedBytes, sizeBytes] = [bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 24)];
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
    if (nameBytes === undefined || extraBytes === undefined || commentBytes === undefined) throw broken();
    const name = bytes.toString('utf8', at + entryBytes, at + entryBytes + nameBytes);
    const offset = bytes.readUInt32LE(at + 42);
    // 0xffffffff stands for sizes of 4 GiB and more, which no wheel of ours has.
    if (packedBytes === 0xffff_ffff || sizeBytes === 0xffff_ffff || offset === 0xffff_ffff) throw broken();
    if (method === 0 || method === 8) entries.push({ name, isStored: method === 0, packedBytes, sizeBytes, offset });
    at += entryBytes + nameBytes + extraBytes + commentBytes;
  }
  return entries;
}

async function readAt(file: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, position);
  if (bytesRead !== bytes) throw broken();
  return buffer;
}

function broken(): UnavailableError {
  return new UnavailableError('download_failed', 'The archive is damaged, or not one of the zip format.');
}
