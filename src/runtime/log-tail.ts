/** Keeps the last lines a process wrote, and a file of bounded size with more of them. */

import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const tailLines = 60;
const longestLine = 2_000;

/** The end of a text stream, line by line. */
export class LogTail {
  readonly #decoder = new StringDecoder('utf8');
  #lines: string[] = [];
  #open = '';

  write(bytes: Buffer): void {
    const parts = (this.#open + this.#decoder.write(bytes)).split('\n');
    this.#open = (parts.pop() ?? '').slice(-longestLine);
    this.#lines = [...this.#lines, ...parts.map((line) => line.trimEnd().slice(-longestLine))].slice(-tailLines);
  }

  text(): string {
    return [...this.#lines, this.#open].filter((line) => line !== '').join('\n');
  }
}

/** A log file that starts anew when it is full; one older file is kept beside it. */
export class BoundedLog {
  readonly #path: string;
  readonly #maxBytes: number;
  #file: number | undefined;
  #sizeBytes = 0;

  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#file = openSync(path, 'w', 0o600);
  }

  /** A full disk must not end the server: then the file ends, and the tail goes on. */
  write(bytes: Buffer): void {
    try {
      if (this.#file === undefined) return;
      if (this.#sizeBytes + bytes.length > this.#maxBytes) this.#turn();
      writeSync(this.#file, bytes);
      this.#sizeBytes += bytes.length;
    } catch {
      this.close();
    }
  }

  close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) closeSync(file);
  }

  #turn(): void {
    this.close();
    renameSync(this.#path, `${this.#path}.1`);
    this.#file = openSync(this.#path, 'w', 0o600);
    this.#sizeBytes = 0;
  }
}
