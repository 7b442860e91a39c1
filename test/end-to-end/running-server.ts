/** Starts the built program as a person would, on any free port with a state folder of its own, and ends it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder. */
export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** The built command. */
const command = join(repository, 'dist', 'cli', 'main.js');

/** How a command ended and what it said. */
export interface CommandEnd {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A server that answers. */
export interface ServeProcess {
  /** Without `/v1`. */
  readonly url: string;
  readonly banner: string;
  readonly child: ChildProcess;
  readonly ended: Promise<CommandEnd>;
  /** The signal, then waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<CommandEnd>;
}

/** How to start a command. */
export interface CommandOptions {
  /** What to run instead of the built command with Node. */
  readonly program?: readonly string[];
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a command to its end. */
export function runCommand(words: readonly string[], options: CommandOptions = {}): Promise<CommandEnd> {
  const started = startCommand(words, options);
  // A command that ends at once may close its input before it is written.
  started.child.stdin?.on('error', () => {});
  started.child.stdin?.end(options.input ?? '');
  return started.ended;
}

/** Starts `serve` on a free port and waits until it says that it is ready. */
export async function startServer(words: readonly string[] = [], options: CommandOptions = {}): Promise<ServeProcess> {
  const serveWords = options.program === undefined ? ['serve'] : [];
  const { child, ended, output } = startCommand([...serveWords, '--port', '0', ...words], options);
  const ready = new Promise<void>((resolve) => {
    child.stdout?.on('data', () => {
      if (output.out.includes('Ctrl-C')) resolve();
    });
  });
  const early = ended.then((end) => Promise.reject(new Error(`ended with ${end.code}: ${end.out}${end.err}`)));
  await Promise.race([ready, early]);
  early.catch(() => {});
  const url = /Base URL\s+(\S+)\/v1/.exec(output.out)?.[1] ?? '';
  return {
    url,
    banner: output.out,
    child,
    ended,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

/** Whatever the last test left running when the test program ends. */
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => void child.kill('SIGKILL')));
// A test program that is ended, or whose parent is, still ends in order.
for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.once(event, () => process.exit(1));

function startCommand(words: readonly string[], options: CommandOptions) {
  const stateFolder = mkdtempSync(join(tmpdir(), 'aimindserve-state-'));
  const [program = process.execPath, ...programWords] = options.program ?? [process.execPath, command];
  const child = spawn(program, [...programWords, ...words], {
    cwd: options.folder ?? tmpdir(),
    // Also what commands keep of sign-ins.
    env: {
      ...cleanEnvironment(),
      AIMINDSERVE_DATA_DIR: stateFolder,
      XDG_CONFIG_HOME: stateFolder,
      ...options.environment,
    },
  });
  running.add(child);
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.err += text;
  });
  const ended = new Promise<CommandEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      running.delete(child);
      rmSync(stateFolder, { recursive: true, force: true });
      resolve({ code, ...output });
    });
  });
  return { child, ended, output };
}

/** The environment without settings of whoever runs the tests. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AIMINDSERVE_')));
}

/** The engines that a server has started: each is the child of a guard, which is the server's (Linux). */
export function enginesOf({ child }: Pick<ServeProcess, 'child'>): number[] {
  return childrenOf(child.pid ?? 0)
    .flatMap(childrenOf)
    .filter((pid) => commandOf(pid).includes('engine-process'));
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid)
    .map(Number);
}

/** The words of a command, each followed by a zero byte; nothing if the process is gone. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Is there such a process, and has it not ended (Linux)? */
export function isRunning(pid: number): boolean {
  const [state] = statOf(String(pid));
  return state !== undefined && state !== 'Z';
}

function parentOf(pid: string): number {
  return Number(statOf(pid)[1]);
}

/** State, parent and so on; nothing if there is no such process. */
function statOf(pid: string): string[] {
  try {
    // The command's name stands in brackets and may hold anything; what follows it has no surprises.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
