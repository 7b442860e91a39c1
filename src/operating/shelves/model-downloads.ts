/** Models on their way to this machine: each source once, for as long as somebody waits for it. */

import type { Clock } from '../../base/clock.ts';
import { RequestError, toAppError, UnavailableError } from '../../base/errors.ts';
import type { Download, DownloadProgress } from '../../fleet/download.ts';
import type { ModelSource } from '../../fleet/model-source.ts';
import type { FetchWish } from './model-shelf.ts';
import { keyOfSource } from './own-files.ts';
import type { FetchPlan, FileFetch } from './plan-fetch.ts';
import { TotalProgress } from './total-progress.ts';

/** What fetching needs. */
export interface DownloadsWorld {
  /** Is nothing missing of it? */
  readonly isHere: (wish: FetchWish) => boolean;
  readonly plan: (wish: FetchWish, signal: AbortSignal) => Promise<FetchPlan>;
  /** Called before the first large file of safetensors, when the small ones are there; throws if the rest is of no use. */
  readonly judge: (wish: FetchWish, plan: FetchPlan) => Promise<void>;
  /** Fetches one file; single-flight by target, so that two sources may share it. */
  readonly fetchFile: (
    file: FileFetch,
    signal: AbortSignal,
    onProgress: (progress: DownloadProgress) => void,
  ) => Promise<void>;
  /** Called once all files are there, before anybody who waits is told. */
  readonly arrived: (wish: FetchWish, plan: FetchPlan) => Promise<void>;
  /** Removes what has come of a file whose model is not whole. */
  readonly discard: (target: string) => Promise<void>;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly changed: (id: string, type: 'created' | 'updated' | 'deleted') => void;
}

/** Called with how far a download is. */
type Tell = (download: Download) => void;

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
  readonly listeners: Set<Tell>;
  /** Where its files go, once that is known. */
  targets: readonly string[];
  /** If it does not end well, nothing of it shall stay. */
  isUnwanted: boolean;
}

/** All downloads of this server. */
export class ModelDownloads {
  readonly #flights = new Map<string, Flight>();
  readonly #world: DownloadsWorld;
  #isClosed = false;

  constructor(world: DownloadsWorld) {
    this.#world = world;
  }

  list(): readonly Download[] {
    return [...this.#flights.values()].map(({ download }) => download);
  }

  /** Files that are being written, or will be. */
  get targets(): ReadonlySet<string> {
    const going = [...this.#flights.values()].filter((flight) => !hasEnded(flight));
    return new Set(going.flatMap(({ targets }) => targets));
  }

  /** Fetches a source, or joins who fetches it already; the last one who leaves ends it. */
  async take(wish: FetchWish, tell: Tell, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const flight = this.#join(wish);
    flight.waiters++;
    flight.listeners.add(tell);
    let leave = (): void => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason);
    });
    signal.addEventListener('abort', leave, { once: true });
    try {
      await Promise.race([flight.done, left]);
    } finally {
      signal.removeEventListener('abort', leave);
      flight.listeners.delete(tell);
      flight.waiters--;
      if (flight.waiters === 0) flight.stop.abort();
    }
  }

  /** Fetches a source whether or not anybody waits. */
  pull(source: ModelSource): Download {
    if (source.kind === 'bundled' || source.kind === 'local' || source.kind === 'remote')
      throw new RequestError('invalid_value', 'It is on this machine already: there is nothing to fetch.', {
        param: 'source.kind',
      });
    const flight = this.#join({ source, weights: 'any' });
    flight.waiters++;
    return flight.download;
  }

  cancel(id: string): void {
    const flight = this.#flights.get(id);
    if (flight === undefined) throw new RequestError('not_found', `There is no download '${id}'.`);
    flight.stop.abort();
  }

  /** Nobody wants it any more: what came of it is removed, now or when it has ended, unless it is whole by then. */
  async discard(source: ModelSource): Promise<void> {
    const key = keyOfSource(source);
    for (const flight of this.#flights.values()) {
      if (keyOfSource(flight.download.source) !== key) continue;
      flight.isUnwanted = true;
      if (hasEnded(flight) && flight.download.state !== 'done') await this.#discardParts(flight);
    }
  }

  /** Stops all and begins none any more; what has come so far stays for the next time. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const flights = [...this.#flights.values()];
    for (const { stop } of flights) stop.abort();
    await Promise.allSettled(flights.map(({ done }) => done));
  }

  #join(wish: FetchWish): Flight {
    if (this.#isClosed) throw new UnavailableError('shutting_down', 'The server is stopping; no download is begun.');
    // Who wants any form joins who wants GGUF, and the other way round.
    const form = wish.weights === 'safetensors' ? wish.weights : 'gguf';
    const key = `${form} ${keyOfSource(wish.source)}`;
    // One that was cancelled cannot be turned round, though it may take a moment to end.
    for (const flight of this.#flights.values())
      if (flight.key === key && !hasEnded(flight) && !flight.stop.signal.aborted) {
        flight.isUnwanted = false;
        return flight;
      }
    return this.#begin(wish, key);
  }

  #begin(wish: FetchWish, key: string): Flight {
    const { newId, clock, changed } = this.#world;
    let launch: () => void = () => {};
    const launched = new Promise<void>((resolve) => {
      launch = resolve;
    });
    const progress = { bytesDone: 0, bytesPerSecond: 0 };
    const { source } = wish;
    const download: Download = { id: newId(), source, state: 'waiting', progress, startedAt: clock.unixSeconds() };
    const done = launched.then(() => this.#fly(flight, wish));
    const flight: Flight = {
      ...{ download, key, done, stop: new AbortController(), waiters: 0, listeners: new Set() },
      ...{ targets: [], isUnwanted: false },
    };
    // Failures are told by the state; nobody need be waiting.
    done.catch(() => {});
    this.#flights.set(download.id, flight);
    this.#forgetEnded();
    changed(download.id, 'created');
    launch();
    return flight;
  }

  async #fly(flight: Flight, wish: FetchWish): Promise<void> {
    const { signal } = flight.stop;
    try {
      signal.throwIfAborted();
      if (!this.#world.isHere(wish)) await this.#fetch(flight, wish, signal);
      this.#set(flight, { state: 'done' });
    } catch (thrown) {
      if (signal.aborted) this.#set(flight, { state: 'cancelled' });
      else this.#set(flight, { state: 'failed', error: toAppError(thrown).message });
      if (flight.isUnwanted) await this.#discardParts(flight);
      throw thrown;
    }
  }

  async #fetch(flight: Flight, wish: FetchWish, signal: AbortSignal): Promise<void> {
    const plan = await this.#world.plan(wish, signal);
    flight.targets = plan.files.map(({ target }) => target);
    const total = new TotalProgress(plan.files);
    const notes = plan.notes.length > 0 && { notes: plan.notes };
    this.#set(flight, { state: 'running', progress: total.read(), ...notes });
    const firstLarge = plan.files.findIndex(({ target }) => target.endsWith('.safetensors'));
    for (const [index, file] of plan.files.entries()) {
      if (index === firstLarge) await this.#world.judge(wish, plan);
      await this.#world.fetchFile(file, signal, (progress) => {
        total.note(index, progress);
        this.#set(flight, { progress: total.read() });
      });
      total.finish(index);
    }
    signal.throwIfAborted();
    await this.#world.arrived(wish, plan);
    this.#set(flight, { progress: total.read() });
  }

  /** Unless another download writes to the same place. */
  async #discardParts(flight: Flight): Promise<void> {
    for (const target of flight.targets) if (!this.targets.has(target)) await this.#world.discard(target);
  }

  #set(flight: Flight, change: Partial<Download>): void {
    flight.download = { ...flight.download, ...change };
    this.#world.changed(flight.download.id, 'updated');
    for (const listener of flight.listeners) listener(flight.download);
  }

  #forgetEnded(): void {
    const ended = [...this.#flights.values()].filter(hasEnded);
    for (const { download } of ended.slice(0, Math.max(0, ended.length - keptEnded))) {
      this.#flights.delete(download.id);
      this.#world.changed(download.id, 'deleted');
    }
  }
}

function hasEnded({ download }: Flight): boolean {
  return download.state !== 'waiting' && download.state !== 'running';
}
