/** One conversion in a thread of its own: reading a vocabulary takes half a second in which nobody else would be answered. */

import { Worker } from 'node:worker_threads';
import { type AppError, Bug, ConfigError, type ErrorCode, UnavailableError } from '../../base/errors.ts';
import type { Room } from './plan-conversion.ts';
import { ForOtherEngines, Unconvertible } from './unconvertible.ts';

/** What the thread is given. `check` reads only the small files: the weights need not be there. */
export type ConvertOrder =
  | { readonly task: 'check'; readonly source: string }
  | { readonly task: 'convert'; readonly source: string; readonly home: string; readonly room: Room };

/** What the thread tells; the last is one of `done`, `refused` and `failed`. */
export type ConvertNews =
  | { readonly type: 'plan'; readonly words: string }
  | { readonly type: 'progress'; readonly bytesDone: number; readonly bytesTotal: number }
  | { readonly type: 'done' }
  | { readonly type: 'refused'; readonly clause: string; readonly isForOthers: boolean }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string };

/** Resolves when it is done; throws Unconvertible, or what else was wrong. Aborting ends the thread at once. */
export async function runConversion(
  order: ConvertOrder,
  listen: (news: ConvertNews) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const worker = new Worker(entry(), { workerData: order });
  const leave = (): void => void worker.terminate();
  signal.addEventListener('abort', leave, { once: true });
  try {
    const problem = await outcome(worker, listen);
    signal.throwIfAborted();
    if (problem !== undefined) throw problem;
  } finally {
    signal.removeEventListener('abort', leave);
    await worker.terminate();
  }
}

function outcome(worker: Worker, listen: (news: ConvertNews) => void): Promise<Error | undefined> {
  return new Promise((resolve) => {
    worker.on('message', (news: ConvertNews) => {
      if (news.type === 'done') resolve(undefined);
      else if (news.type === 'refused') resolve(toRefusal(news));
      else if (news.type === 'failed') resolve(toFailure(news));
      else listen(news);
    });
    worker.once('error', (cause) => resolve(new Bug('converting failed', { cause })));
    worker.once('exit', (code) => resolve(new Bug(`the converter's thread ended with code ${code}`)));
  });
}

function toRefusal({ clause, isForOthers }: Extract<ConvertNews, { type: 'refused' }>): Unconvertible {
  return isForOthers ? new ForOtherEngines(clause) : new Unconvertible(clause);
}

function toFailure({ code, message }: Extract<ConvertNews, { type: 'failed' }>): AppError {
  return code === 'disk_full' ? new UnavailableError(code, message) : new ConfigError(code, message);
}

/** The thread's program; tests run from TypeScript sources and use the built one. */
function entry(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../../dist/models/convert/' : './';
  return new URL(`${built}convert-thread.js`, import.meta.url);
}
