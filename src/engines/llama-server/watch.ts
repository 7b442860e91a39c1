/** Watches whether a server that speaks HTTP still lives. */

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../../base/errors.ts';
import type { EngineHttp } from '../http/engine-http.ts';

/** The life of one connection. */
export interface Watch {
  /** Aborts when the server is gone or the connection was closed; its reason is an EngineError. */
  readonly signal: AbortSignal;
  /** Resolves with that reason in words. */
  readonly closed: Promise<string>;
  close(): void;
}

/** How patiently. */
export interface WatchPace {
  readonly everyMs: number;
  /** For one answer. */
  readonly timeoutMs: number;
}

const usualPace: WatchPace = { everyMs: 500, timeoutMs: 5_000 };
/** One silence may be a busy machine. */
const mostFailures = 3;

/** Begins to watch; a server that fails `mostFailures` times in a row is gone. */
export function watchServer(http: Pick<EngineHttp, 'get'>, pace: WatchPace = usualPace): Watch {
  const life = new AbortController();
  // Every question listens while it is open.
  setMaxListeners(0, life.signal);
  const closed = new Promise<string>((resolve) => {
    life.signal.addEventListener('abort', () => resolve(reasonOf(life.signal)), { once: true });
  });
  const end = (reason: string): void => life.abort(new EngineError('engine_crashed', reason));
  void askOften(http, life.signal, pace).then((isGone) => {
    if (isGone) end('llama-server ended, or does not answer any more.');
  });
  return { signal: life.signal, closed, close: () => end('The connection was closed.') };
}

async function askOften(
  http: Pick<EngineHttp, 'get'>,
  signal: AbortSignal,
  { everyMs, timeoutMs }: WatchPace,
): Promise<boolean> {
  for (let failures = 0; failures < mostFailures; ) {
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return false;
    const isWell = await http.get('/health', signal, timeoutMs).then(
      () => true,
      () => false,
    );
    failures = isWell ? 0 : failures + 1;
  }
  return !signal.aborted;
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : String(signal.reason);
}
