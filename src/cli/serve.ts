/** `aimindserve serve`: a running server and its banner, and an orderly end on a signal. */

import { constants } from 'node:os';
import { leaveSignal } from '../server/restart.ts';
import type { ServerConfig } from '../server/server-config.ts';
import { type RunningServer, startServer } from '../server/start-server.ts';
import { bannerOf } from './banner.ts';
import { explainListenError } from './listen-error.ts';
import { formatFinder, prepareServer, type Surroundings } from './prepare-server.ts';
import { needsEngine, tellSeldom } from './start-progress.ts';

/** Starts a server, prints the banner and stays until a signal; the result is the exit code. */
export async function serve(words: readonly string[], surroundings: Surroundings): Promise<number> {
  // Whatever is written from here on, by libraries too, is for this user alone.
  process.umask(0o077);
  const prepared = prepareServer(words, surroundings, await formatFinder(words));
  for (const note of prepared.notes) surroundings.warn(note);
  const stopped = untilSignal();
  const print = process.stdout.isTTY ? { print: surroundings.say } : {};
  const progress = tellSeldom(surroundings.warn);
  const onProgress = (words: string, url: string): void =>
    progress.note(needsEngine(words) ? `${words} This server answers at ${url} meanwhile.` : words);
  const starting = startOrExplain({ ...prepared.config, ...print, onProgress });
  // A start may fetch a model for hours: nobody should have to wait for it to be allowed to leave.
  const first = await Promise.race([
    starting.then((server) => ({ server })),
    stopped.then((left) => ({ left })),
  ]).finally(progress.end);
  if ('left' in first) return leaveEarly(first.left, starting, surroundings);
  const { server } = first;
  for (const note of server.description.notes) surroundings.warn(note);
  surroundings.say(bannerOf(server, prepared));
  const signal = await stopped;
  const then = signal === leaveSignal ? ' The engines go on for the next server, ten minutes at most.' : '';
  surroundings.warn(`${signal}: finishing what runs; once more ends at once.${then}`);
  void untilSignal().then(() => process.exit(0));
  await (signal === leaveSignal ? server.leave() : server.close());
  return 0;
}

/** The process ends at once, and with it the engine that was starting; what has been fetched stays for the next time. */
function leaveEarly(signal: NodeJS.Signals, starting: Promise<unknown>, { warn }: Surroundings): number {
  starting.catch(() => {});
  warn(`${signal}: not started.`);
  return 128 + constants.signals[signal];
}

async function startOrExplain(config: ServerConfig): Promise<RunningServer> {
  try {
    return await startServer(config);
  } catch (cause) {
    throw explainListenError(cause, config) ?? cause;
  }
}

function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolveSignal) => {
    for (const signal of ['SIGINT', 'SIGTERM', leaveSignal] as const) process.once(signal, resolveSignal);
  });
}
