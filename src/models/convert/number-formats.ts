/** Rows of weights from one number format into another, rounding as ggml does. */

import { Unconvertible } from './unconvertible.ts';

/** The number formats in which the weights of a convertible model come. */
export type SourceType = 'F32' | 'F16' | 'BF16';

/** Values that ggml's Q8_0 keeps together, and the bytes they take: a scale in half precision and a byte for each. */
export const q8Values = 32;
export const q8Bytes = 34;

const floatBits = new Float32Array(1);
const intBits = new Uint32Array(floatBits.buffer);

/** All 65,536 half-precision numbers, made when they are first needed. */
let halves: Float32Array | undefined;

/** Values read from little-endian bytes. */
export function readFloats(bytes: Buffer, type: SourceType): Float32Array {
  const { buffer, byteOffset, length } = bytes;
  if (type === 'F32') return new Float32Array(buffer.slice(byteOffset, byteOffset + length));
  const words = new Uint16Array(buffer.slice(byteOffset, byteOffset + length));
  const values = new Float32Array(words.length);
  if (type === 'F16') {
    halves ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => halfValue(bits));
    for (let i = 0; i < words.length; i++) values[i] = halves[words[i] ?? 0] ?? 0;
  } else {
    const bits = new Uint32Array(values.buffer);
    for (let i = 0; i < words.length; i++) bits[i] = (words[i] ?? 0) << 16;
  }
  return values;
}

/** Half precision, to the nearest, ties to even. */
export function toHalves(values: Float32Array): Buffer {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = finite(toHalf(values[i] ?? 0));
  return Buffer.from(bits.buffer);
}

/** ggml's Q8_0 (`quantize_row_q8_0_ref`): a scale of a 127th of the largest magnitude, ties away from zero. */
export function toQ8(values: Float32Array): Buffer {
  const out = new Int8Array((values.length / q8Values) * q8Bytes);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let at = 0, to = 0; at < values.length; at += q8Values, to += q8Bytes) {
    const scale = Math.fround(largest(bits, at) / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    const half = finite(toHalf(scale));
    out[to] = half;
    out[to + 1] = half >> 8;
    for (let i = 0; i < q8Values; i++) {
      const scaled = Math.fround((values[at + i] ?? 0) * inverse);
      // Half away from zero by the sign's bit: no processor guesses right which way a weight will go.
      out[to + 2 + i] = scaled + 0.5 - ((bits[at + i] ?? 0) >>> 31);
    }
  }
  return Buffer.from(out.buffer);
}

/** The largest magnitude of a block: without their signs, floats are in the order of their bits. */
function largest(bits: Uint32Array, at: number): number {
  let most = 0;
  for (let i = at; i < at + q8Values; i++) {
    most = Math.max(most, (bits[i] ?? 0) & 0x7fffffff);
  }
  if (most >= 0x7f800000) throw new Unconvertible(noNumbers);
  intBits[0] = most;
  return floatBits[0] ?? 0;
}

const noNumbers =
  'it holds weights that are no numbers (damaged, or of a failed training), or too large for half precision';

function finite(half: number): number {
  if ((half & 0x7c00) !== 0x7c00) return half;
  throw new Unconvertible(noNumbers);
}

/** The bits of the nearest half-precision number. */
export function toHalf(value: number): number {
  floatBits[0] = value;
  const bits = intBits[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size >= 0x47800000) return sign | (size > 0x7f800000 ? 0x7e00 : 0x7c00);
  if (size >= 0x38800000) {
    const rounded = size - 0x38000000 + 0xfff + ((size >>> 13) & 1);
    return sign | (rounded >>> 13);
  }
  // Below the smallest normal number: units of 2^-24, which doubles hold exactly.
  intBits[0] = size;
  return sign | roundHalfEven((floatBits[0] ?? 0) * 2 ** 24);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
