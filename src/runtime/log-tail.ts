/** Keeps the last lines a process wrote. */

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
