/** The engine process: reads its settings, serves the model on a socket, and ends when its standard input does. */

import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { type AppError, ConfigError, toAppError } from '../../base/errors.ts';
import type { EngineCore } from './core.ts';
import { createNativeLog } from './native-log.ts';
import { openSession, type Session } from './session.ts';
import { type EngineSettings, readSettings } from './settings.ts';

/** How long a load failure waits for someone to tell it to. */
const failureLingerMs = 3_000;
/** How long the end waits for a decode that is under way. */
const stopGraceMs = 1_000;

async function main(): Promise<void> {
  const settings = await readSettings(process.stdin);
  const sessions = new Set<Session>();
  const flush = (): void => {
    for (const session of sessions) session.flush();
  };
  const log = createNativeLog(process.env['AIMINDSERVE_LOG_LEVEL'] === 'debug');
  const loading = listen(settings, sessions, async () => (await importCore()).openCore(settings, log, flush));
  process.stdin.once('end', () => void stop(loading));
  process.stdin.resume();
  const { device, contextPerSlot } = await (await loading).core;
  // What an operator finds in the log of a healthy run.
  process.stderr.write(
    `${settings.modelPath} is loaded: ${device}, ${contextPerSlot} tokens of context for each of ${settings.slots} requests at once.\n`,
  );
}

/** Imported late: where the foreign function interface is missing, there is someone to tell. */
async function importCore(): Promise<typeof import('./core.ts')> {
  try {
    return await import('./core.ts');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The package koffi cannot be loaded (install without --omit=optional): ${reason}`;
    throw new ConfigError('device_unavailable', message, { cause });
  }
}

interface Listening {
  readonly server: Server;
  readonly core: Promise<EngineCore>;
}

/** Listens first, then loads: who connects meanwhile is answered when the model is there, or why it is not. */
async function listen(
  settings: EngineSettings,
  sessions: Set<Session>,
  load: () => Promise<EngineCore>,
): Promise<Listening> {
  let settle: (core: Promise<EngineCore>) => void = () => {};
  const core = new Promise<EngineCore>((resolve) => {
    settle = resolve;
  });
  const server = createServer((socket) => {
    const session = openSession(socket, settings.token, core);
    sessions.add(session);
    socket.once('close', () => {
      sessions.delete(session);
      // A failure that somebody was told of need not wait for others.
      if (process.exitCode !== undefined) process.exit();
    });
  });
  await rm(settings.socketPath, { force: true });
  process.umask(0o077);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `The socket ${settings.socketPath} cannot be opened: ${cause.message}`;
      reject(new ConfigError('invalid_config', message, { cause }));
    });
    server.listen(settings.socketPath, resolve);
  });
  settle(load());
  return { server, core };
}

async function stop(listening: Promise<Listening>): Promise<void> {
  setTimeout(die, stopGraceMs).unref();
  try {
    const { server, core } = await listening;
    server.close();
    await (await core).scheduler.close();
    process.exit(0);
  } catch (thrown) {
    // Loading failed, and nobody is there any more to be told.
    fail(toAppError(thrown));
    process.exit();
  }
}

/** An orderly exit waits for native calls, and those may wait for our log callback: never, while one is under way. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

function fail(error: AppError): void {
  if (process.exitCode !== undefined) return;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.kind === 'config' ? error.status : 1;
  setTimeout(() => process.exit(), failureLingerMs);
}

// Nobody reads our standard error any more: no reason to end.
process.stderr.on('error', () => {});
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`, die);
});
main().catch((thrown: unknown) => fail(toAppError(thrown)));
