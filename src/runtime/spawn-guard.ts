/** Spawns a guard and hands it its order. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../base/errors.ts';
import { type GuardOrder, parseLine } from './guard/messages.ts';

/** How long a guard may take to listen. */
const listenMs = 15_000;

/** A guard that listens, and waits for the one that spawned it. */
export interface SpawnedGuard {
  readonly socketPath: string;
  /** From here on it needs us no more. */
  release(): void;
  kill(): void;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Resolves once it listens; rejects with the reason why it does not. */
export async function spawnGuard(order: GuardOrder): Promise<SpawnedGuard> {
  const child = spawn(process.execPath, [entryPath(), order.instanceId, String(order.run)], {
    cwd: order.folder,
    env: guardEnvironment(),
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {});
  child.stdin.write(`${JSON.stringify(order)}\n`);
  const release = (): void => {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    child.unref();
  };
  const kill = (): void => {
    child.kill('SIGKILL');
    release();
  };
  try {
    return { socketPath: await listening(child), release, kill };
  } catch (thrown) {
    kill();
    throw thrown;
  }
}

async function listening(child: Child): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(notStarted(`it did not listen within ${listenMs / 1000} s`)), listenMs);
  });
  try {
    return await Promise.race([firstNotice(child), late]);
  } finally {
    clearTimeout(timer);
  }
}

function firstNotice(child: Child): Promise<string> {
  return new Promise((resolve, reject) => {
    const refuse = (reason: string): void => reject(notStarted(reason));
    let output = '';
    let complaint = '';
    child.stdout.on('data', (bytes: Buffer) => {
      output += bytes;
      const notice = parseLine(output);
      if (typeof notice?.['socketPath'] === 'string') resolve(notice['socketPath']);
      if (notice?.['type'] === 'failed') refuse(String(notice['message']));
    });
    child.stderr.on('data', (bytes: Buffer) => {
      complaint = (complaint + bytes).slice(-2_000);
    });
    child.on('error', (cause) => refuse(cause.message));
    child.on('close', (code, signal) => refuse(complaint.trim() || `it ended with ${signal ?? `code ${code}`}`));
  });
}

function notStarted(reason: string): ConfigError {
  return new ConfigError('invalid_config', `The guard of the program cannot be started: ${reason}.`);
}

/** Names of secrets: ours, those for hubs (`HF_TOKEN`), and whatever else the server was started with. */
const secretName = /(^|_)(KEYS?|TOKENS?|SECRETS?|PASSWORD|PASSWD|CREDENTIALS?)$/i;

/** Node's options are not meant for it, and secrets neither for it nor for the program it starts. */
function guardEnvironment(): NodeJS.ProcessEnv {
  const isKept = (name: string): boolean => name !== 'NODE_OPTIONS' && !secretName.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isKept(name)));
}

/** The guard's program beside this file; from sources (tests) the built one. */
function entryPath(): string {
  const beside = fileURLToPath(new URL('./guard/guard-process.js', import.meta.url));
  return existsSync(beside)
    ? beside
    : fileURLToPath(new URL('../../dist/runtime/guard/guard-process.js', import.meta.url));
}
