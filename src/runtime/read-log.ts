/** Reads the ends of log files, without reading the files. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { LogTail } from './log-tail.ts';

/** Enough for the lines of a `LogTail`, were they as long as it keeps them. */
const tailBytes = 128 << 10;
/** More of a log's end is never read at once. */
const longestEndBytes = 2 << 20;
const newline = 0x0a;

/** What is read of a log first, and where the rest begins. */
export interface LogEnd {
  readonly text: Buffer;
  /** How much of the newest file is in `text` or before it. */
  readonly sizeBytes: number;
}

/** The last lines of a log, bounded; empty if there is none. */
export function readLogTail(path: string): string {
  const tail = new LogTail();
  withFile(path, (file) => tail.write(readBefore(file, fstatSync(file).size, tailBytes)));
  return tail.text();
}

/** The last `lines` lines of a log as they were written; of both its files if need be. */
export function readLastLines(path: string, lines: number): Buffer {
  return withFile(path, (file) => readEndOf(file, path, lines).text) ?? Buffer.alloc(0);
}

/** The same from an open file, which stays the one that is meant should the log turn meanwhile. */
export function readEndOf(file: number, path: string, lines: number): LogEnd {
  const { size, ino } = fstatSync(file);
  const newer = readBefore(file, size, longestEndBytes);
  const older = withFile(`${path}.1`, (other) => {
    const { size: olderSize, ino: olderIno } = fstatSync(other);
    const isWanted = olderIno !== ino && newer.length === size && countLines(newer) < lines;
    return isWanted ? readBefore(other, olderSize, longestEndBytes - size) : undefined;
  });
  return { text: lastLines(Buffer.concat([older ?? Buffer.alloc(0), newer]), lines), sizeBytes: size };
}

/** Calls `use` with the open file; undefined if it cannot be opened. */
function withFile<T>(path: string, use: (file: number) => T): T | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

function readBefore(file: number, end: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(Math.max(0, Math.min(end, bytes)));
  return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, end - buffer.length));
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) count++;
  return count;
}

/** A last line that is not finished counts as one. */
function lastLines(bytes: Buffer, lines: number): Buffer {
  if (lines <= 0) return Buffer.alloc(0);
  let before = bytes.length - 1;
  for (let found = 0; found < lines; found++) {
    before = before <= 0 ? -1 : bytes.lastIndexOf(newline, before - 1);
    if (before < 0) return bytes;
  }
  return bytes.subarray(before + 1);
}
