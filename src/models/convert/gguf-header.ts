/** Writes the header of a GGUF file: metadata, and where its tensors are. */

/** A metadata value with the type that the file states. */
export type MetadataValue =
  | { readonly u32: number }
  | { readonly i32: number }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly i32s: readonly number[] };

/** One entry of the metadata. */
export type MetadataEntry = readonly [key: string, value: MetadataValue];

/** A tensor as the header states it: its extents (the first runs fastest) and ggml's number of its type. */
export interface TensorEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: number;
  readonly sizeBytes: number;
}

/** Every tensor begins at a multiple of this; it is what readers expect where no other is stated. */
export const alignment = 32;

/** The header with its padding; the tensors follow in order, each padded to `alignment`. */
export function ggufHeader(metadata: readonly MetadataEntry[], tensors: readonly TensorEntry[]): Buffer {
  const parts = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(metadata.length)];
  for (const [key, value] of metadata) parts.push(text(key), valueBytes(value));
  let offset = 0;
  for (const { name, shape, type, sizeBytes } of tensors) {
    parts.push(text(name), u32(shape.length), ...shape.map(u64), u32(type), u64(offset));
    offset += sizeBytes + paddingAfter(sizeBytes);
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, Buffer.alloc(paddingAfter(header.length))]);
}

/** Bytes from `length` to the next place where a tensor may begin. */
export function paddingAfter(length: number): number {
  return (alignment - (length % alignment)) % alignment;
}

function valueBytes(value: MetadataValue): Buffer {
  if ('u32' in value) return Buffer.concat([u32(4), u32(value.u32)]);
  if ('i32' in value) return Buffer.concat([u32(5), Buffer.from(Int32Array.of(value.i32).buffer)]);
  if ('f32' in value) {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value.f32);
    return Buffer.concat([u32(6), bytes]);
  }
  if ('bool' in value) return Buffer.concat([u32(7), Buffer.from([value.bool ? 1 : 0])]);
  if ('text' in value) return Buffer.concat([u32(8), text(value.text)]);
  if ('texts' in value) return Buffer.concat([u32(9), u32(8), u64(value.texts.length), textsBytes(value.texts)]);
  return Buffer.concat([u32(9), u32(5), u64(value.i32s.length), Buffer.from(Int32Array.from(value.i32s).buffer)]);
}

/** One after the other into one buffer: a vocabulary has a hundred thousand. */
function textsBytes(texts: readonly string[]): Buffer {
  const out = Buffer.allocUnsafe(texts.reduce((sum, each) => sum + 8 + Buffer.byteLength(each), 0));
  let at = 0;
  for (const each of texts) {
    const length = out.write(each, at + 8);
    out.writeUInt32LE(length, at);
    out.writeUInt32LE(0, at + 4);
    at += 8 + length;
  }
  return out;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
