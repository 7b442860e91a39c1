/** What an installation says, in a file that can be followed. */

import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** An installer that says more is broken. */
const maxBytes = 8 << 20;

/** The log of one installation; without a disk to write to it is silent. */
export class InstallLog {
  readonly path: string;
  readonly #file: number;
  #bytes = 0;
  #isOpen = true;

  constructor(path: string) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#file = openSync(path, 'w', 0o600);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  say(line: string): void {
    if (!this.#isOpen || this.#bytes > maxBytes) return;
    const text = `${line}\n`;
    this.#bytes += text.length;
    try {
      writeSync(this.#file, this.#bytes > maxBytes ? 'The rest is left out.\n' : text);
    } catch {
      // A full disk: the installation itself will say so.
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#file);
  }
}
