/** Reads the header of a GGUF file: its metadata and its list of tensors, trusting no number in it. */

import { ConfigError, isAppError } from '../base/errors.ts';
import { ByteReader, ShortRead } from './byte-reader.ts';
import { type TensorEncoding, tensorEncodings } from './gguf-type.ts';

/** An array in the metadata; its elements stay in the file until someone reads them. */
export interface GgufArray {
  readonly elementType: number;
  readonly length: number;
  readonly offset: number;
}

/** A metadata value; 64-bit integers are doubles (exact up to 2^53). */
export type GgufValue = number | boolean | string | GgufArray;

/** One tensor: its extents, encoding, and where its bytes are, counted from the file's start. */
export interface GgufTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly encoding: TensorEncoding;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** A GGUF file's header. */
export interface GgufFile {
  readonly path: string;
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
  readonly sizeBytes: number;
}

/** Far above every real file; below what could exhaust memory or time. */
const limits = {
  entries: 1 << 16,
  keyBytes: 1 << 16,
  textBytes: 16 << 20,
  tensorNameBytes: 1 << 10,
  headerBytes: 512 << 20,
} as const;

const stringType = 8;
const arrayType = 9;

/** Bytes of one element by value type; a string takes at least its own length field. */
const elementBytes: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 4],
  [5, 4],
  [6, 4],
  [7, 1],
  [stringType, 8],
  [10, 8],
  [11, 8],
  [12, 8],
]);

/** The header of the file at `path`; a ConfigError in one clear sentence if it cannot be served. */
export function readGguf(path: string): GgufFile {
  return withReader(path, (reader) => {
    const version = readVersion(reader);
    const tensorCount = readCount(reader, 'tensors');
    const entryCount = readCount(reader, 'metadata entries');
    const metadata = new Map<string, GgufValue>();
    for (let i = 0; i < entryCount; i++) {
      const key = reader.text(reader.u64(), limits.keyBytes);
      if (metadata.has(key)) throw new ShortRead(`its metadata has '${key}' twice`);
      metadata.set(key, readValue(reader, reader.u32()));
    }
    const tensors = readTensors(reader, tensorCount, metadata);
    return { path, version, metadata, tensors, sizeBytes: reader.sizeBytes };
  });
}

/** All elements of a numeric array of at most `limit` elements. */
export function readNumbers(file: GgufFile, array: GgufArray, limit: number): number[] {
  if (array.length > limit) throw unusable(file.path, `it has an array of ${array.length} numbers`);
  return withReader(file.path, (reader) => {
    reader.seek(array.offset);
    return Array.from({ length: array.length }, () => Number(readScalar(reader, array.elementType)));
  });
}

/** The strings at the wanted places (ascending) of a string array; the others are skipped. */
export function readStringsAt(file: GgufFile, array: GgufArray, places: readonly number[]): string[] {
  if (array.elementType !== stringType) throw unusable(file.path, 'its list of tokens is no list of strings');
  return withReader(file.path, (reader) => {
    reader.seek(array.offset);
    const found: string[] = [];
    let at = 0;
    for (const place of places) {
      if (place >= array.length) throw new ShortRead(`it names token ${place} of only ${array.length}`);
      for (; at < place; at++) reader.skip(reader.u64());
      found.push(reader.text(reader.u64(), limits.keyBytes));
      at++;
    }
    return found;
  });
}

/** `path` cannot be served because of `reason`, a clause that starts with 'it'. */
export function unusable(path: string, reason: string, cause?: unknown): ConfigError {
  return new ConfigError('model_unusable', `The model file '${path}' cannot be served: ${reason}.`, { cause });
}

function withReader<T>(path: string, read: (reader: ByteReader) => T): T {
  let reader: ByteReader | undefined;
  try {
    reader = new ByteReader(path);
    return read(reader);
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw unusable(path, cause instanceof ShortRead ? reason : `it cannot be read (${reason})`, cause);
  } finally {
    reader?.close();
  }
}

function readVersion(reader: ByteReader): number {
  if (reader.sizeBytes < 24) throw new ShortRead(`it is only ${reader.sizeBytes} bytes long, which is no GGUF file`);
  const magic = reader.text(4, 4);
  if (magic !== 'GGUF') throw new ShortRead('it is not a GGUF file (it does not begin with the letters GGUF)');
  const version = reader.u32();
  // The version number itself shows a byte order that is not ours.
  if (version > 0 && version % 65_536 === 0)
    throw new ShortRead('it is a big-endian GGUF file, made for other machines');
  if (version !== 2 && version !== 3)
    throw new ShortRead(`it is GGUF version ${version}; versions 2 and 3 can be read (convert the model again)`);
  return version;
}

function readCount(reader: ByteReader, what: string): number {
  const count = reader.u64();
  if (count > limits.entries) throw new ShortRead(`it claims to hold ${count} ${what}, which cannot be true`);
  return count;
}

function readValue(reader: ByteReader, type: number): GgufValue {
  if (reader.position > limits.headerBytes) throw new ShortRead('its header is larger than any real one');
  if (type === stringType) return reader.text(reader.u64(), limits.textBytes);
  return type === arrayType ? readArray(reader) : readScalar(reader, type);
}

function readArray(reader: ByteReader): GgufArray {
  const elementType = reader.u32();
  const length = reader.u64();
  const bytes = elementBytes.get(elementType);
  if (bytes === undefined) throw new ShortRead(`its metadata has an array of unknown type ${elementType}`);
  if (length * bytes > Math.min(reader.remaining, limits.headerBytes))
    throw new ShortRead(`it ends before an array of ${length} elements does`);
  const offset = reader.position;
  if (elementType !== stringType) reader.skip(length * bytes);
  else for (let i = 0; i < length; i++) reader.skip(reader.u64());
  return { elementType, length, offset };
}

function readScalar(reader: ByteReader, type: number): number | boolean {
  switch (type) {
    case 0:
      return reader.u8();
    case 1:
      return reader.i8();
    case 2:
      return reader.u16();
    case 3:
      return reader.i16();
    case 4:
      return reader.u32();
    case 5:
      return reader.i32();
    case 6:
      return reader.f32();
    case 7:
      return reader.u8() !== 0;
    case 10:
      return reader.u64();
    case 11:
      return reader.i64();
    case 12:
      return reader.f64();
    default:
      throw new ShortRead(`its metadata has a value of unknown type ${type}`);
  }
}

function readTensors(reader: ByteReader, count: number, metadata: ReadonlyMap<string, GgufValue>): GgufTensor[] {
  const alignment = metadata.get('general.alignment') ?? 32;
  if (typeof alignment !== 'number' || !Number.isInteger(alignment) || alignment < 1 || alignment > 1 << 20)
    throw new ShortRead('its alignment is not a sensible number');
  const names = new Set<string>();
  const relative = Array.from({ length: count }, () => {
    const tensor = readTensor(reader);
    if (names.has(tensor.name)) throw new ShortRead(`it holds the tensor '${tensor.name}' twice`);
    if (tensor.offset % alignment !== 0) throw new ShortRead(`the tensor '${tensor.name}' is not aligned`);
    names.add(tensor.name);
    return tensor;
  });
  const start = Math.ceil(reader.position / alignment) * alignment;
  const tensors = relative.map((tensor) => ({ ...tensor, offset: start + tensor.offset }));
  const end = tensors.reduce((last, tensor) => Math.max(last, tensor.offset + tensor.sizeBytes), 0);
  if (end > reader.sizeBytes)
    throw new ShortRead(
      `it is truncated: ${reader.sizeBytes} bytes are there of the ${end} it needs (download it again)`,
    );
  return tensors;
}

function readTensor(reader: ByteReader): GgufTensor {
  const name = reader.text(reader.u64(), limits.tensorNameBytes);
  const dimensions = reader.u32();
  if (dimensions > 4) throw new ShortRead(`the tensor '${name}' claims ${dimensions} dimensions`);
  const shape = Array.from({ length: dimensions }, () => reader.u64());
  const type = reader.u32();
  const encoding = tensorEncodings.get(type);
  if (encoding === undefined)
    throw new ShortRead(`the tensor '${name}' has the unknown encoding ${type} (made for a newer version?)`);
  const values = shape.reduce((product, extent) => product * extent, 1);
  if (!Number.isSafeInteger(values) || (shape[0] ?? 1) % encoding.blockSize !== 0)
    throw new ShortRead(`the tensor '${name}' has the impossible shape ${shape.join(' × ')}`);
  const sizeBytes = (values / encoding.blockSize) * encoding.blockBytes;
  return { name, shape, encoding, offset: reader.u64(), sizeBytes };
}
