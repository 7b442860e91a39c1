/** Runs a program to its end, heard line by line and bounded in time; nothing of it is left when it is not wanted any more. */

import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { killMarked, markName, signal as sendSignal } from './process-table.ts';

/** What is run, and how. */
export interface ProgramRun {
  readonly command: string;
  readonly arguments: readonly string[];
  /** All that it gets of an environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly patienceMs: number;
  readonly signal?: AbortSignal;
  /** Whoever carries it is ended with the program, also what left its group; a later server finds it by it too. */
  readonly mark?: string;
  /** Called with each line of either output. */
  readonly onLine?: (line: string) => void;
}

/** How it went. */
export interface ProgramEnd {
  /** Undefined = it could not be started, or was ended by a signal. */
  readonly code: number | undefined;
  /** Both outputs' last lines, in the order in which they came. */
  readonly output: string;
  /** Took longer than `patienceMs`. */
  readonly isLate: boolean;
}

/** So much of what it wrote is kept. */
const keptCharacters = 256 << 10;
/** A line that is longer is told in part. */
const longestLine = 4_096;
const graceMs = 3_000;

/** Throws the signal's reason if that aborts; a program that is not there is an end without a code. */
export async function runToEnd(run: ProgramRun): Promise<ProgramEnd> {
  run.signal?.throwIfAborted();
  const child = spawn(run.command, run.arguments, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...run.environment, ...(run.mark !== undefined && { [markName]: run.mark }) },
    ...(run.folder !== undefined && { cwd: run.folder }),
  });
  const output = new LastLines(run.onLine);
  const heard = [hear(child.stdout, output), hear(child.stderr, output)];
  let isLate = false;
  const stop = (): void => endGroup(child, run.mark);
  const timer = setTimeout(() => {
    isLate = true;
    stop();
  }, run.patienceMs);
  run.signal?.addEventListener('abort', stop, { once: true });
  try {
    const code = await ended(child, output);
    // A grandchild may keep the outputs open; what it says is not waited for.
    await Promise.race([Promise.all(heard), new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
    run.signal?.throwIfAborted();
    return { code, output: output.text, isLate };
  } finally {
    clearTimeout(timer);
    run.signal?.removeEventListener('abort', stop);
    child.stdout.destroy();
    child.stderr.destroy();
    if (child.pid !== undefined) sendSignal(-child.pid, 'SIGKILL');
  }
}

function ended(child: ChildProcess, output: LastLines): Promise<number | undefined> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      output.add(error.message);
      resolve(undefined);
    });
    child.once('exit', (code) => resolve(code ?? undefined));
  });
}

/** Asks its group to end, and soon does not ask any more. */
function endGroup({ pid }: ChildProcess, mark: string | undefined): void {
  if (pid === undefined) return;
  sendSignal(-pid, 'SIGTERM');
  setTimeout(() => {
    sendSignal(-pid, 'SIGKILL');
    if (mark !== undefined) killMarked(mark);
  }, graceMs).unref();
}

/** Resolves when nothing more can come. */
function hear(stream: Readable, output: LastLines): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (bytes: Buffer) => {
    const lines = (rest + decoder.write(bytes)).split(/[\r\n]+/);
    // Of a line that does not end, only the beginning is kept.
    rest = (lines.pop() ?? '').slice(0, longestLine);
    for (const line of lines) if (line !== '') output.add(line.slice(0, longestLine));
  });
  return new Promise((resolve) => {
    stream.once('close', () => {
      if (rest !== '') output.add(rest);
      rest = '';
      resolve();
    });
    stream.once('error', () => resolve());
  });
}

/** The last lines that came. */
class LastLines {
  readonly #onLine: ((line: string) => void) | undefined;
  #text = '';

  constructor(onLine: ((line: string) => void) | undefined) {
    this.#onLine = onLine;
  }

  get text(): string {
    return this.#text;
  }

  add(line: string): void {
    this.#text = `${this.#text}${line}\n`.slice(-keptCharacters);
    this.#onLine?.(line);
  }
}
