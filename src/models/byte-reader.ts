/** Reads a file from front to back through one small window, never past its end and never more than was asked. */

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

const windowBytes = 1 << 20;

/** The file ends, or a limit of ours is reached, before what it promises; the message is a clause for a sentence. */
export class ShortRead extends RangeError {}

/** An open file with a position; all numbers are little-endian. Close it. */
export class ByteReader {
  readonly sizeBytes: number;
  readonly #file: number;
  readonly #window = Buffer.alloc(windowBytes);
  readonly #view = new DataView(this.#window.buffer, this.#window.byteOffset, windowBytes);
  /** Where in the file the window begins, and how much of it is filled. */
  #start = 0;
  #filled = 0;
  #position = 0;

  constructor(path: string) {
    // Opening a pipe would wait for its other end for ever.
    if (!statSync(path).isFile()) throw new ShortRead('it is not a regular file');
    this.#file = openSync(path, 'r');
    this.sizeBytes = fstatSync(this.#file).size;
  }

  close(): void {
    closeSync(this.#file);
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.sizeBytes - this.#position;
  }

  /** Goes to an absolute offset. */
  seek(offset: number): void {
    if (offset > this.sizeBytes) throw new ShortRead('it ends too early');
    this.#position = offset;
  }

  skip(count: number): void {
    this.seek(this.#position + count);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** As a double: exact up to 2^53, which is more than any honest length; beyond that it only has to be too big. */
  u64(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  i64(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at, true) + this.#view.getInt32(at + 4, true) * 2 ** 32;
  }

  /** UTF-8 text of so many bytes; at most `limit`, so that a lying length allocates nothing. */
  text(count: number, limit: number): string {
    if (count > this.remaining) throw new ShortRead('it ends in the middle of a text');
    if (count > limit) throw new ShortRead(`a text of ${count} bytes is longer than the ${limit} allowed here`);
    if (count > windowBytes) {
      const whole = Buffer.alloc(count);
      readExactly(this.#file, whole, this.#position);
      this.#position += count;
      return whole.toString('utf8');
    }
    const at = this.#take(count);
    return this.#window.toString('utf8', at, at + count);
  }

  /** Makes `count` bytes present in the window, moves past them, and says where in the window they are. */
  #take(count: number): number {
    const begin = this.#position;
    if (begin < this.#start || begin + count > this.#start + this.#filled) {
      if (count > this.remaining) throw new ShortRead('it ends too early');
      const filled = Math.min(windowBytes, this.remaining);
      readExactly(this.#file, this.#window.subarray(0, filled), begin);
      this.#start = begin;
      this.#filled = filled;
    }
    this.#position = begin + count;
    return begin - this.#start;
  }
}

function readExactly(file: number, target: Buffer, offset: number): void {
  for (let done = 0; done < target.length; ) {
    const count = readSync(file, target, done, target.length - done, offset + done);
    if (count === 0) throw new ShortRead('it became shorter while it was read');
    done += count;
  }
}
