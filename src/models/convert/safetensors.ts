/** Reads the header of a safetensors file, trusting no number in it; the weights stay in the file. */

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { isObject } from '../../base/json.ts';
import { Unconvertible } from './unconvertible.ts';

/** One tensor in a file; `offset` counts from the file's start, the last extent runs fastest. */
export interface SourceTensor {
  readonly path: string;
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly sizeBytes: number;
}

const lengthBytes = 8;
/** The largest models have headers of some hundred kilobytes. */
const largestHeaderBytes = 32 << 20;
const mostDimensions = 8;

/** Bytes of one value (github.com/huggingface/safetensors, `Dtype`); parts of one where several share a byte. */
const valueBytes: ReadonlyMap<string, number> = new Map([
  ['F4', 0.5],
  ...['F6_E2M3', 'F6_E3M2'].map((name) => [name, 0.75] as const),
  ...['BOOL', 'U8', 'I8', 'F8_E5M2', 'F8_E4M3', 'F8_E8M0'].map((name) => [name, 1] as const),
  ...['F8_E5M2FNUZ', 'F8_E4M3FNUZ'].map((name) => [name, 1] as const),
  ...['I16', 'U16', 'F16', 'BF16'].map((name) => [name, 2] as const),
  ...['I32', 'U32', 'F32'].map((name) => [name, 4] as const),
  ...['F64', 'I64', 'U64', 'C64'].map((name) => [name, 8] as const),
]);

/** All tensors of the file, by where they lie; throws Unconvertible unless they fill it without gap or overlap. */
export function readSafetensors(path: string): SourceTensor[] {
  const name = basename(path);
  const { header, dataStart, sizeBytes } = readHeader(path);
  const tensors = Object.entries(header)
    .filter(([key]) => key !== '__metadata__')
    .map(([key, value]) => readTensor(key, value, { path, dataStart }))
    .sort((a, b) => a.offset - b.offset || a.sizeBytes - b.sizeBytes);
  let end = dataStart;
  // A name that stands twice leaves a gap where its first value was.
  for (const tensor of tensors) {
    if (tensor.offset !== end) throw new Unconvertible(`its ${name} has a gap or an overlap before '${tensor.name}'`);
    end += tensor.sizeBytes;
  }
  if (end > sizeBytes)
    throw new Unconvertible(`its ${name} is truncated: ${sizeBytes} bytes are there of ${end} (download it again)`);
  if (end < sizeBytes) throw new Unconvertible(`its ${name} has ${sizeBytes - end} bytes that belong to no tensor`);
  return tensors;
}

interface Header {
  readonly header: Record<string, unknown>;
  readonly dataStart: number;
  readonly sizeBytes: number;
}

function readHeader(path: string): Header {
  const name = basename(path);
  if (!statSync(path).isFile()) throw new Unconvertible(`its ${name} is not a regular file`);
  const file = openSync(path, 'r');
  try {
    const sizeBytes = fstatSync(file).size;
    const start = readAt(file, 0, Math.min(lengthBytes, sizeBytes));
    if (start.toString('latin1') === 'version ')
      throw new Unconvertible(`its ${name} is a Git LFS pointer, not the file itself`);
    const length = start.length < lengthBytes ? Infinity : Number(start.readBigUInt64LE());
    if (length > sizeBytes - lengthBytes) throw new Unconvertible(`its ${name} is truncated or no safetensors file`);
    if (length > largestHeaderBytes) throw new Unconvertible(`its ${name} has a header larger than any real one`);
    const header = parseHeader(readAt(file, lengthBytes, length), name);
    return { header, dataStart: lengthBytes + length, sizeBytes };
  } finally {
    closeSync(file);
  }
}

function parseHeader(bytes: Buffer, name: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isObject(header)) return header;
  } catch (cause) {
    throw new Unconvertible(`its ${name} has a header that is no JSON`, { cause });
  }
  throw new Unconvertible(`its ${name} has a header that is no JSON object`);
}

function readAt(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const count = readSync(file, bytes, done, length - done, offset + done);
    if (count === 0) throw new Unconvertible('it became shorter while it was read');
    done += count;
  }
  return bytes;
}

interface Place {
  readonly path: string;
  readonly dataStart: number;
}

function readTensor(name: string, value: unknown, { path, dataStart }: Place): SourceTensor {
  const wrong = (what: string) => new Unconvertible(`its ${basename(path)} gives the tensor '${name}' ${what}`);
  if (!isObject(value)) throw wrong('no description');
  const { dtype, shape, data_offsets: offsets } = value;
  const width = typeof dtype === 'string' ? valueBytes.get(dtype) : undefined;
  if (typeof dtype !== 'string' || width === undefined) throw wrong(`the unknown type ${JSON.stringify(dtype)}`);
  if (!isCounts(shape) || shape.length > mostDimensions) throw wrong('an impossible shape');
  if (!isCounts(offsets) || offsets.length !== 2) throw wrong('no place in the file');
  const [begin = 0, end = 0] = offsets;
  const sizeBytes = shape.reduce((product, extent) => product * extent, width);
  if (!Number.isSafeInteger(sizeBytes) || end - begin !== sizeBytes)
    throw wrong('a size that is not that of its shape');
  return { path, name, dtype, shape, offset: dataStart + begin, sizeBytes };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
