/** A tensor's bytes for the new file, part by part, so that no model is ever whole in memory. */

import type { FileHandle } from 'node:fs/promises';
import { setImmediate as immediate } from 'node:timers/promises';
import { readFloats, type SourceType, toHalves, toQ8 } from './number-formats.ts';
import type { PlannedTensor } from './plan-tensors.ts';
import type { TargetTensor, TargetType } from './target-type.ts';
import { Unconvertible } from './unconvertible.ts';

/** Large enough that waiting for the disk is a small part of the time. */
const partBytes = 4 << 20;
/** Small enough that converting a slice holds up nobody else's answer, and whole blocks in every encoding. */
const sliceBytes = 256 * 1024;

/** The open file at a path. */
export type OpenFile = (path: string) => Promise<FileHandle>;

/** All bytes of the tensor in order. */
export async function* convertTensor(
  { planned, type }: TargetTensor,
  open: OpenFile,
): AsyncGenerator<Buffer, void, undefined> {
  const { from } = planned;
  if (from instanceof Float32Array) {
    yield floatBytes(from);
    return;
  }
  const rows = toRows(planned, from.sizeBytes);
  const read = await createRead(open, from.path, from.offset);
  const parts =
    rows.perHead === undefined ? straightRows(rows, read) : interleavedRows({ ...rows, perHead: rows.perHead }, read);
  for await (const bytes of parts) yield from.type === type ? bytes : await encodeSlices(bytes, from.type, type);
}

interface Rows {
  readonly count: number;
  readonly bytes: number;
  /** Rows of one head, if they must be interleaved. */
  readonly perHead: number | undefined;
}

/** A bias is a column of rows where its heads count, else one row. */
function toRows({ shape, interleavedHeads }: PlannedTensor, sizeBytes: number): Rows {
  const [first = 1] = shape;
  const count = shape.length === 1 && interleavedHeads === undefined ? 1 : first;
  const perHead = interleavedHeads === undefined ? undefined : first / interleavedHeads;
  return { count, bytes: sizeBytes / count, perHead };
}

type Read = (offset: number, length: number) => Promise<Buffer>;

async function createRead(open: OpenFile, path: string, start: number): Promise<Read> {
  const file = await open(path);
  return async (offset, length) => {
    // Its own memory: what is still being written must not change.
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, length - done, start + offset + done);
      if (bytesRead === 0) throw new Unconvertible('it became shorter while it was read');
      done += bytesRead;
    }
    return bytes;
  };
}

async function* straightRows({ count, bytes }: Rows, read: Read): AsyncGenerator<Buffer, void, undefined> {
  const step = Math.max(1, Math.floor(partBytes / bytes));
  for (let row = 0; row < count; row += step) yield read(row * bytes, Math.min(step, count - row) * bytes);
}

/** Row `i` of a head's first half, then row `i` of its second half, and so on. */
async function* interleavedRows(
  rows: Rows & { readonly perHead: number },
  read: Read,
): AsyncGenerator<Buffer, void, undefined> {
  const { count, bytes, perHead } = rows;
  const half = perHead / 2;
  const step = Math.max(1, Math.floor(partBytes / 2 / bytes));
  for (let head = 0; head < count; head += perHead)
    for (let row = 0; row < half; row += step) {
      const size = Math.min(step, half - row);
      const first = await read((head + row) * bytes, size * bytes);
      const second = await read((head + half + row) * bytes, size * bytes);
      yield interleave(first, second, bytes);
    }
}

function interleave(first: Buffer, second: Buffer, rowBytes: number): Buffer {
  const out = Buffer.allocUnsafeSlow(first.length * 2);
  for (let at = 0; at < first.length; at += rowBytes) {
    first.copy(out, at * 2, at, at + rowBytes);
    second.copy(out, at * 2 + rowBytes, at, at + rowBytes);
  }
  return out;
}

async function encodeSlices(bytes: Buffer, from: SourceType, to: TargetType): Promise<Buffer> {
  const slices: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    if (at > 0) await immediate();
    slices.push(encode(bytes.subarray(at, at + sliceBytes), from, to));
  }
  return Buffer.concat(slices);
}

function encode(bytes: Buffer, from: SourceType, to: TargetType): Buffer {
  const values = readFloats(bytes, from);
  if (to === 'Q8_0') return toQ8(values);
  return to === 'F16' ? toHalves(values) : floatBytes(values);
}

function floatBytes({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
