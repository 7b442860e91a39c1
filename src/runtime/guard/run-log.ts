/** A run's log on disk: two files of bounded size, and a writer that never makes its caller wait. */

import { type FileHandle, open, rename } from 'node:fs/promises';

/** Output that waits for the disk; what comes on top is left out, so that a slow disk stops no engine. */
const maxWaitingBytes = 4 << 20;
/** What a part costs besides its text: a program may write a character at a time. */
const partBytes = 512;
/** How long the last lines may take to reach the disk. */
const closeMs = 1_000;

/** Opens the log afresh; throws if it cannot be written. */
export async function openRunLog(path: string, maxBytes: number): Promise<RunLog> {
  return new RunLog(path, maxBytes, await open(path, 'w', 0o600));
}

/** An open log. */
export class RunLog {
  readonly #path: string;
  readonly #maxBytes: number;
  #file: FileHandle | undefined;
  #sizeBytes = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #lostBytes = 0;
  #writing: Promise<void> | undefined;

  constructor(path: string, maxBytes: number, file: FileHandle) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#file = file;
  }

  write(bytes: Buffer): void {
    const cost = bytes.length + partBytes;
    if (this.#waitingBytes + cost > maxWaitingBytes) {
      this.#lostBytes += bytes.length;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += cost;
    this.#writing ??= this.#drain();
  }

  /** Writes what waits, for a moment at most. */
  async close(): Promise<void> {
    if (this.#lostBytes > 0) this.write(Buffer.alloc(0));
    const late = new Promise((resolve) => setTimeout(resolve, closeMs).unref());
    await Promise.race([this.#writing, late]);
    await Promise.race([this.#file?.close(), late]).catch(() => {});
  }

  async #drain(): Promise<void> {
    // A turn of the loop gathers what a flood brings, so that it becomes few large writes.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      // What was left out came when all this waited already.
      const bytes = Buffer.concat([...this.#waiting, this.#noteOfLoss()]);
      this.#waiting = [];
      this.#waitingBytes = 0;
      await this.#append(bytes);
    }
    this.#writing = undefined;
  }

  #noteOfLoss(): Buffer {
    const note = this.#lostBytes === 0 ? '' : `\n[${this.#lostBytes} bytes of output are missing here]\n`;
    this.#lostBytes = 0;
    return Buffer.from(note);
  }

  /** A full disk must not end the run: what cannot be written is counted, and the next lines are tried again. */
  async #append(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      try {
        if (this.#sizeBytes >= this.#maxBytes) await this.#turn();
        this.#file ??= await open(this.#path, 'w', 0o600);
        const part = bytes.subarray(at, at + this.#maxBytes - this.#sizeBytes);
        const { bytesWritten } = await this.#file.write(part);
        this.#sizeBytes += bytesWritten;
        at += bytesWritten;
      } catch {
        this.#lostBytes += bytes.length - at;
        return;
      }
    }
  }

  async #turn(): Promise<void> {
    const full = this.#file;
    this.#file = undefined;
    await full?.close();
    // Where that cannot be done, the file starts anew all the same: the bound comes first.
    await rename(this.#path, `${this.#path}.1`).catch(() => {});
    this.#sizeBytes = 0;
  }
}
