/** Frames between server and engine: four bytes of length (little-endian), then JSON. */

import { timingSafeEqual } from 'node:crypto';
import { EngineError } from '../../base/errors.ts';

/** What a peer may send once it has shown the token; a prompt and a grammar fit with ease. */
export const maxFrameBytes = 128 * 1024 * 1024;
/** What a stranger may send: enough for a greeting. */
export const maxGreetingBytes = 4096;
const headerBytes = 4;

/** A message as one frame. */
export function encodeFrame(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  const frame = Buffer.allocUnsafe(headerBytes + body.length);
  frame.writeUInt32LE(body.length, 0);
  body.copy(frame, headerBytes);
  return frame;
}

/** Cuts a stream of bytes into messages. */
export class FrameReader {
  #limit: number;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** From now on frames may be this large. */
  allow(limit: number): void {
    this.#limit = limit;
  }

  /** Takes bytes and calls `handle` with each message that is complete; throws EngineError on bad ones. */
  push(chunk: Buffer, handle: (message: unknown) => void): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    for (let message = this.#next(); message !== undefined; message = this.#next()) handle(parse(message));
  }

  #next(): Buffer | undefined {
    if (this.#size < headerBytes) return undefined;
    const first = this.#chunks[0];
    const length =
      first !== undefined && first.length >= headerBytes ? first.readUInt32LE(0) : this.#join().readUInt32LE(0);
    if (length > this.#limit) throw new EngineError('engine_protocol', `A frame of ${length} bytes is too large.`);
    if (this.#size < headerBytes + length) return undefined;
    const all = this.#join();
    const rest = all.subarray(headerBytes + length);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    return all.subarray(headerBytes, headerBytes + length);
  }

  #join(): Buffer {
    const [only] = this.#chunks;
    if (this.#chunks.length === 1 && only !== undefined) return only;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new EngineError('engine_protocol', 'A frame is not JSON.', { cause });
  }
}

/** Compares secrets in a time that tells nothing of them. */
export function isSameSecret(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
