/** Downloads side by side: a few at once, each file only once however many ask for it, seen and cancelled from outside. */

import type { RandomHex } from '../base/clock.ts';
import { type AppError, RequestError, toAppError, UnavailableError } from '../base/errors.ts';
import type { DownloadJob } from './download-job.ts';
import type { DownloadProgress } from './progress-meter.ts';
import { Turns } from './turns.ts';

/** A download as it is shown; the URL is without its query, which may hold a secret. */
export interface QueuedDownload {
  readonly id: string;
  readonly url: string;
  readonly target: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
  readonly progress: DownloadProgress;
  readonly error?: AppError;
}

/** What the queue depends on. */
export interface DownloadQueueSettings {
  /** Fetches one file, e.g. `downloadFile` with its tools. */
  readonly download: (job: DownloadJob) => Promise<void>;
  /** How many run at once; the others wait in their order. */
  readonly mostRunning: number;
  readonly randomHex: RandomHex;
}

/** The downloads of this process. */
export interface DownloadQueue {
  /** Fetches, or joins whoever fetches to the same target; an aborted signal leaves, and the last to leave ends the download. */
  fetch(job: DownloadJob): Promise<void>;
  /** Resolves when nobody writes to the target; who leaves a download does not wait for that. */
  settled(target: string): Promise<void>;
  /** Ends a download for all who wait for it; false if it is not there or has ended. What came is kept for the next time. */
  cancel(id: string): boolean;
  /** Those under way and the last that ended, oldest first. */
  list(): readonly QueuedDownload[];
  /** Calls back at every change of one; returns how to stop that. */
  subscribe(listener: (download: QueuedDownload) => void): () => void;
  /** Ends all of them and takes no more. */
  close(): Promise<void>;
}

/** So many ended ones are remembered. */
const mostEnded = 100;

interface Caller {
  readonly onProgress: DownloadJob['onProgress'];
}

interface Entry {
  readonly job: DownloadJob;
  readonly callers: Set<Caller>;
  readonly abort: AbortController;
  /** Rejects as the download does. */
  ended: Promise<void>;
  shown: QueuedDownload;
}

/** Makes a queue. */
export function createDownloadQueue(settings: DownloadQueueSettings): DownloadQueue {
  return new Queue(settings);
}

class Queue implements DownloadQueue {
  readonly #settings: DownloadQueueSettings;
  /** By target; only those that have not ended. */
  readonly #entries = new Map<string, Entry>();
  #ended: QueuedDownload[] = [];
  readonly #listeners = new Set<(download: QueuedDownload) => void>();
  readonly #turns: Turns;
  #isClosed = false;

  constructor(settings: DownloadQueueSettings) {
    this.#settings = settings;
    this.#turns = new Turns(settings.mostRunning);
  }

  async fetch(job: DownloadJob): Promise<void> {
    let entry = this.#entries.get(job.target);
    for (; entry?.abort.signal.aborted === true; entry = this.#entries.get(job.target)) await settled(entry.ended);
    if (this.#isClosed) throw new UnavailableError('shutting_down', 'The server is stopping; no download is begun.');
    if (job.signal?.aborted === true) throw cancelled();
    if (entry === undefined) return this.#wait(this.#begin(job), job);
    if (!isSameFile(entry.job, job))
      throw new RequestError('conflict', `Another file is being fetched to ${job.target}; cancel that first.`);
    return this.#wait(entry, job);
  }

  async settled(target: string): Promise<void> {
    for (let entry = this.#entries.get(target); entry !== undefined; entry = this.#entries.get(target))
      await settled(entry.ended);
  }

  cancel(id: string): boolean {
    const entry = [...this.#entries.values()].find(({ shown }) => shown.id === id);
    if (entry === undefined || entry.abort.signal.aborted) return false;
    entry.abort.abort();
    return true;
  }

  list(): readonly QueuedDownload[] {
    return [...this.#ended, ...[...this.#entries.values()].map(({ shown }) => shown)];
  }

  subscribe(listener: (download: QueuedDownload) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const entries = [...this.#entries.values()];
    for (const { abort } of entries) abort.abort();
    await Promise.all(entries.map(({ ended }) => settled(ended)));
  }

  #begin(job: DownloadJob): Entry {
    const { origin, pathname } = new URL(job.url);
    const entry: Entry = {
      job,
      callers: new Set(),
      abort: new AbortController(),
      ended: Promise.resolve(),
      shown: {
        id: `dl_${this.#settings.randomHex(8)}`,
        url: origin + pathname,
        target: job.target,
        state: 'waiting',
        progress: {
          bytesDone: 0,
          bytesPerSecond: 0,
          ...(job.sizeBytes === undefined ? {} : { bytesTotal: job.sizeBytes }),
        },
      },
    };
    this.#entries.set(job.target, entry);
    this.#announce(entry);
    entry.ended = this.#run(entry);
    // All who asked may have left by the time it fails.
    void settled(entry.ended);
    return entry;
  }

  async #run(entry: Entry): Promise<void> {
    const { signal } = entry.abort;
    try {
      await this.#turns.take(signal);
      try {
        this.#show(entry, { state: 'running' });
        await this.#settings.download({ ...entry.job, signal, onProgress: (progress) => this.#tell(entry, progress) });
      } finally {
        this.#turns.giveBack();
      }
      this.#end(entry, { state: 'done' });
    } catch (thrown) {
      const error = signal.aborted ? cancelled() : toAppError(thrown);
      this.#end(entry, signal.aborted ? { state: 'cancelled' } : { state: 'failed', error });
      throw error;
    }
  }

  /** One caller's wait; who leaves does not wait until the download has ended. */
  #wait(entry: Entry, job: DownloadJob): Promise<void> {
    const caller: Caller = { onProgress: job.onProgress };
    entry.callers.add(caller);
    return new Promise((resolve, reject) => {
      const leave = () => {
        entry.callers.delete(caller);
        if (entry.callers.size === 0) entry.abort.abort();
        reject(cancelled());
      };
      const unsubscribe = () => job.signal?.removeEventListener('abort', leave);
      job.signal?.addEventListener('abort', leave, { once: true });
      void settled(entry.ended).then(unsubscribe);
      entry.ended.then(resolve, reject);
    });
  }

  #tell(entry: Entry, progress: DownloadProgress): void {
    this.#show(entry, { progress });
    for (const { onProgress } of entry.callers) onProgress?.(progress);
  }

  #end(entry: Entry, change: Partial<QueuedDownload>): void {
    this.#entries.delete(entry.job.target);
    entry.shown = { ...entry.shown, ...change };
    this.#ended = [...this.#ended, entry.shown].slice(-mostEnded);
    this.#announce(entry);
  }

  #show(entry: Entry, change: Partial<QueuedDownload>): void {
    entry.shown = { ...entry.shown, ...change };
    this.#announce(entry);
  }

  #announce({ shown }: Entry): void {
    for (const listener of this.#listeners) listener(shown);
  }
}

/** The same bytes by their hash, else the same place. */
function isSameFile(one: DownloadJob, other: DownloadJob): boolean {
  if (one.sha256 !== undefined || other.sha256 !== undefined) return one.sha256 === other.sha256;
  const [first, second] = [new URL(one.url), new URL(other.url)];
  return first.origin === second.origin && first.pathname === second.pathname;
}

function cancelled(): UnavailableError {
  return new UnavailableError('download_failed', 'The download was cancelled.');
}

function settled(promise: Promise<void>): Promise<void> {
  return promise.catch(() => {});
}
