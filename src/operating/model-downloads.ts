/** Models on their way to this machine: each source once, for as long as somebody waits for it. */

import type { Clock } from '../base/clock.ts';
import { RequestError, toAppError } from '../base/errors.ts';
import type { Download, DownloadProgress } from '../fleet/download.ts';
import type { ModelSource } from '../fleet/model-source.ts';
import type { FetchPlan, FileFetch } from './plan-fetch.ts';

/** What fetching needs. */
export interface DownloadsWorld {
  readonly plan: (source: ModelSource, signal: AbortSignal) => Promise<FetchPlan>;
  /** Fetches one file; single-flight by target, so that two sources may share it. */
  readonly fetchFile: (
    file: FileFetch,
    signal: AbortSignal,
    onProgress: (progress: DownloadProgress) => void,
  ) => Promise<void>;
  /** Called once all files are there, before anybody who waits is told. */
  readonly arrived: (source: ModelSource, plan: FetchPlan) => Promise<void>;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly changed: (id: string, type: 'created' | 'updated') => void;
}

/** How many ended downloads are still told of. */
const keptEnded = 50;

/** A download and those who wait for it. */
interface Flight {
  download: Download;
  readonly key: string;
  readonly stop: AbortController;
  readonly done: Promise<void>;
  /** Waiting instances; a person who asked for it counts for good. */
  waiters: number;
  readonly listeners: Set<(progress: DownloadProgress) => void>;
}

/** Equal for sources that mean the same. */
export function keyOfSource(source: ModelSource): string {
  return JSON.stringify(Object.entries(source).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** All downloads of this server. */
export class ModelDownloads {
  readonly #flights = new Map<string, Flight>();
  readonly #world: DownloadsWorld;

  constructor(world: DownloadsWorld) {
    this.#world = world;
  }

  list(): readonly Download[] {
    return [...this.#flights.values()].map(({ download }) => download);
  }

  /** Fetches a source, or joins who fetches it already; the last one who leaves ends it. */
  async take(source: ModelSource, tell: (progress: DownloadProgress) => void, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const flight = this.#join(source);
    flight.waiters++;
    flight.listeners.add(tell);
    const left = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    // Whoever leaves early has stopped listening to this one.
    left.catch(() => {});
    try {
      await Promise.race([flight.done, left]);
    } finally {
      flight.listeners.delete(tell);
      flight.waiters--;
      if (flight.waiters === 0) flight.stop.abort();
    }
  }

  /** Fetches a source whether or not anybody waits. */
  pull(source: ModelSource): Download {
    const flight = this.#join(source);
    flight.waiters++;
    return flight.download;
  }

  cancel(id: string): void {
    const flight = this.#flights.get(id);
    if (flight === undefined) throw new RequestError('not_found', `There is no download '${id}'.`);
    flight.stop.abort();
  }

  /** Stops all; what has come so far stays for the next time. */
  async close(): Promise<void> {
    const flights = [...this.#flights.values()];
    for (const { stop } of flights) stop.abort();
    await Promise.allSettled(flights.map(({ done }) => done));
  }

  #join(source: ModelSource): Flight {
    const key = keyOfSource(source);
    for (const flight of this.#flights.values()) if (flight.key === key && !hasEnded(flight)) return flight;
    return this.#begin(source, key);
  }

  #begin(source: ModelSource, key: string): Flight {
    const { newId, clock, changed } = this.#world;
    const stop = new AbortController();
    let launch: () => void = () => {};
    const launched = new Promise<void>((resolve) => {
      launch = resolve;
    });
    const progress = { bytesDone: 0, bytesPerSecond: 0 };
    const download: Download = { id: newId(), source, state: 'waiting', progress, startedAt: clock.unixSeconds() };
    const done = launched.then(() => this.#fly(flight, source));
    const flight: Flight = { download, key, stop, done, waiters: 0, listeners: new Set() };
    // Failures are told by the state; nobody need be waiting.
    done.catch(() => {});
    this.#flights.set(download.id, flight);
    this.#forgetEnded();
    changed(download.id, 'created');
    launch();
    return flight;
  }

  async #fly(flight: Flight, source: ModelSource): Promise<void> {
    const { signal } = flight.stop;
    try {
      const plan = await this.#world.plan(source, signal);
      const total = new Total(plan.files, (progress) => this.#report(flight, progress));
      this.#set(flight, { state: 'running' });
      for (const [index, file] of plan.files.entries())
        await this.#world.fetchFile(file, signal, (progress) => total.add(index, progress));
      signal.throwIfAborted();
      await this.#world.arrived(source, plan);
      this.#set(flight, { state: 'done', progress: total.whole() });
    } catch (thrown) {
      if (signal.aborted) this.#set(flight, { state: 'cancelled' });
      else this.#set(flight, { state: 'failed', error: toAppError(thrown).message });
      throw thrown;
    }
  }

  #report(flight: Flight, progress: DownloadProgress): void {
    this.#set(flight, { progress });
    for (const listener of flight.listeners) listener(progress);
  }

  #set(flight: Flight, change: Partial<Download>): void {
    flight.download = { ...flight.download, ...change };
    this.#world.changed(flight.download.id, 'updated');
  }

  #forgetEnded(): void {
    const ended = [...this.#flights.values()].filter(hasEnded);
    for (const { download } of ended.slice(0, Math.max(0, ended.length - keptEnded))) this.#flights.delete(download.id);
  }
}

function hasEnded({ download }: Flight): boolean {
  return download.state !== 'waiting' && download.state !== 'running';
}

/** The progress of several files as that of one. */
class Total {
  readonly #done: number[];
  readonly #bytesTotal: number | undefined;
  readonly #report: (progress: DownloadProgress) => void;

  constructor(files: readonly FileFetch[], report: (progress: DownloadProgress) => void) {
    this.#done = files.map(() => 0);
    const sizes = files.map(({ sizeBytes }) => sizeBytes);
    this.#bytesTotal = sizes.reduce(
      (sum, size) => (sum === undefined || size === undefined ? undefined : sum + size),
      0,
    );
    this.#report = report;
  }

  add(index: number, { bytesDone, bytesTotal, bytesPerSecond }: DownloadProgress): void {
    this.#done[index] = bytesDone;
    const total = this.#bytesTotal ?? (this.#done.length === 1 ? bytesTotal : undefined);
    const sum = this.#sum();
    const eta = total === undefined || bytesPerSecond === 0 ? undefined : Math.round((total - sum) / bytesPerSecond);
    this.#report({
      bytesDone: sum,
      bytesPerSecond,
      ...(total !== undefined && { bytesTotal: total }),
      ...(eta !== undefined && { etaSeconds: Math.max(0, eta) }),
    });
  }

  whole(): DownloadProgress {
    const bytes = this.#bytesTotal ?? this.#sum();
    return { bytesDone: bytes, bytesTotal: bytes, bytesPerSecond: 0 };
  }

  #sum(): number {
    return this.#done.reduce((sum, bytes) => sum + bytes, 0);
  }
}
