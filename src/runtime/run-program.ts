/** Asks this machine: files, and programs that answer quickly or not at all. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ReadText, RunProgram } from './devices/reading.ts';

const maxOutputBytes = 4 << 20;

/** Reads a file of this machine. */
export const readText: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** Runs programs of this machine, found on the search path, for `patienceMs` at most. */
export function createRunProgram(patienceMs = 5_000): RunProgram {
  return (command, args) =>
    new Promise((resolve) => {
      // A driver that hangs cannot even be killed: then nobody waits for it.
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve(undefined);
      }, patienceMs + 500);
      const options = { timeout: patienceMs, killSignal: 'SIGKILL', maxBuffer: maxOutputBytes } as const;
      const child = execFile(command, args, { ...options, env: { ...process.env, LC_ALL: 'C' } }, (error, stdout) => {
        clearTimeout(timer);
        resolve(error === null ? stdout : undefined);
      });
      child.stdin?.end();
      child.unref();
    });
}
