/** Brings a file's bytes into its part file: in one stream or in parallel ranges, resumed, and begun anew if the file changed. */

import { UnavailableError } from '../base/errors.ts';
import type { DownloadJob, DownloadTools } from './download-job.ts';
import {
  bytesDone,
  type DownloadState,
  planState,
  readResumable,
  removeState,
  type Segment,
  StateSaver,
} from './download-state.ts';
import { insist, pauseByTimer } from './insist.ts';
import type { OutboundResponse } from './outbound.ts';
import { diskFull, type PartFile, readFreeBytes } from './part-file.ts';
import { ProgressMeter } from './progress-meter.ts';
import { askForRange, type RangeAnswer, type RangeBody, type WholeBody } from './range-answer.ts';

const defaultIdleTimeoutMs = 60_000;
const defaultParallel = 4;
const mostParallel = 16;
/** Below this, one stream is as fast. */
const parallelFromBytes = 64 * 1024 * 1024;
const mostRestarts = 2;
/** A stream that does not say its size leaves at least this much of the disk free. */
const roomForUnknownBytes = 256 * 1024 * 1024;
const saveEveryMs = 2000;

/** One run of fetching; `run` may be called again for a fresh try. */
export class FileFetch {
  readonly #tools: DownloadTools;
  readonly #job: DownloadJob;
  readonly #part: PartFile;
  readonly #signal: AbortSignal;
  /** Absent while the server gives no ranges; then nothing can be resumed. */
  #state: DownloadState | undefined;
  #parallel: number;
  #wholeBytes = 0;
  #totalBytes: number | undefined;
  #hasChanged = false;
  #meter: ProgressMeter;
  readonly #saver: StateSaver;
  #savedAtMs: number;

  constructor(tools: DownloadTools, job: DownloadJob, part: PartFile) {
    this.#tools = tools;
    this.#job = job;
    this.#part = part;
    this.#signal = job.signal ?? new AbortController().signal;
    this.#parallel = Math.max(1, Math.min(job.parallel ?? defaultParallel, mostParallel));
    this.#meter = new ProgressMeter(tools.clock, 0);
    this.#saver = new StateSaver(job.target);
    this.#savedAtMs = tools.clock.nowMs();
  }

  /** Returns when all bytes that the server has are in the part file. */
  async run(): Promise<void> {
    for (let restarts = 0; restarts <= mostRestarts; restarts++) {
      this.#hasChanged = false;
      this.#state = await readResumable(this.#job, await this.#part.sizeBytes());
      this.#totalBytes = this.#state?.totalBytes ?? this.#job.sizeBytes;
      this.#meter = new ProgressMeter(this.#tools.clock, this.#bytesDone());
      if (this.#state === undefined) await this.forget();
      const opened = this.#state === undefined ? await this.#begin() : undefined;
      if (this.#state !== undefined) await this.#fetchSegments(this.#state, opened);
      if (!this.#hasChanged) return this.#tellProgress();
      // Some servers know ranges only from the first byte on; one stream is always understood.
      this.#parallel = 1;
      await this.forget();
    }
    throw new UnavailableError('download_failed', `${this.#host()} changes the file again and again.`);
  }

  /** Removes what was fetched, so that the next run begins anew. */
  async forget(): Promise<void> {
    await removeState(this.#job.target);
    await this.#part.resize(0);
    this.#wholeBytes = 0;
  }

  /** The first answer decides how the file is fetched; a whole one is taken at once. */
  async #begin(): Promise<RangeBody | undefined> {
    const way = { signal: this.#signal, pause: this.#tools.pause ?? pauseByTimer, bytes: () => 0 };
    return insist(way, async () => {
      const answer = await this.#ask(0, undefined, '', this.#signal);
      if (answer.kind === 'range') return this.#plan(answer);
      if (answer.kind === 'whole') await this.#takeWhole(answer);
      else this.#totalBytes = 0;
      return undefined;
    });
  }

  #plan(answer: RangeBody): RangeBody {
    this.#noteTotal(answer.totalBytes, answer.response);
    const count = answer.totalBytes < parallelFromBytes ? 1 : this.#parallel;
    this.#state = planState(this.#job, answer, count);
    return answer;
  }

  async #takeWhole({ response, totalBytes }: WholeBody): Promise<void> {
    try {
      if (totalBytes !== undefined) this.#noteTotal(totalBytes, response);
      await this.forget();
      await this.#ensureRoom();
      for await (const piece of response.body) {
        if (this.#wholeBytes + piece.length > (this.#totalBytes ?? Infinity)) throw this.#wrongSize('more');
        await this.#part.write(piece, this.#wholeBytes, this.#bytesLeft());
        this.#wholeBytes += piece.length;
        await this.#advanced();
      }
    } finally {
      response.cancel();
    }
    if (this.#wholeBytes < (this.#totalBytes ?? 0)) throw this.#endedEarly();
    this.#totalBytes = this.#wholeBytes;
  }

  /** `opened` is the answer from the first byte on, which the first segment goes on with. */
  async #fetchSegments(state: DownloadState, opened: RangeBody | undefined): Promise<void> {
    const stop = new AbortController();
    const leave = () => stop.abort(this.#signal.reason);
    this.#signal.addEventListener('abort', leave, { once: true });
    const queue = state.segments.filter(({ at, end }) => at < end);
    let first = opened;
    const work = async (): Promise<void> => {
      for (let segment = queue.shift(); segment !== undefined; segment = queue.shift()) {
        const begun = first;
        first = undefined;
        await this.#fetchSegment(segment, begun, stop);
      }
    };
    let workers: Promise<void>[] = [];
    try {
      if (this.#signal.aborted) leave();
      await this.#ensureRoom();
      workers = Array.from({ length: Math.min(this.#parallel, queue.length) }, work);
      await Promise.all(workers);
    } catch (error) {
      if (!this.#hasChanged) throw error;
    } finally {
      stop.abort();
      first?.response.cancel();
      await Promise.allSettled(workers);
      this.#signal.removeEventListener('abort', leave);
      await this.#save();
    }
  }

  async #fetchSegment(segment: Segment, begun: RangeBody | undefined, stop: AbortController): Promise<void> {
    const { signal } = stop;
    const { validator, totalBytes } = this.#state ?? { validator: '', totalBytes: 0 };
    let first: RangeAnswer | undefined = begun;
    const way = { signal, pause: this.#tools.pause ?? pauseByTimer, bytes: () => segment.at };
    await insist(way, async () => {
      const answer = first ?? (await this.#ask(segment.at, segment.end, validator, signal));
      first = undefined;
      if (answer.kind === 'range' && answer.totalBytes === totalBytes)
        return this.#drain(answer.response, segment, signal);
      if ('response' in answer) answer.response.cancel();
      this.#hasChanged = true;
      stop.abort();
    });
  }

  async #drain(response: OutboundResponse, segment: Segment, signal: AbortSignal): Promise<void> {
    // The first answer was asked for before there was a `stop`, so its body does not heed that by itself.
    signal.addEventListener('abort', response.cancel, { once: true });
    try {
      for await (const piece of response.body) {
        const wanted = piece.subarray(0, segment.end - segment.at);
        await this.#part.write(wanted, segment.at, this.#bytesLeft());
        segment.at += wanted.length;
        await this.#advanced();
        if (segment.at >= segment.end) return;
      }
    } finally {
      signal.removeEventListener('abort', response.cancel);
      response.cancel();
    }
    throw this.#endedEarly();
  }

  #ask(start: number, end: number | undefined, validator: string, signal: AbortSignal): Promise<RangeAnswer> {
    const { outbound, idleTimeoutMs = defaultIdleTimeoutMs } = this.#tools;
    return askForRange(outbound, {
      url: this.#job.url,
      headers: this.#job.headers ?? {},
      start,
      ...(end === undefined ? {} : { end }),
      validator,
      request: { signal, idleTimeoutMs },
    });
  }

  #noteTotal(totalBytes: number, response: OutboundResponse): void {
    if (totalBytes !== (this.#job.sizeBytes ?? totalBytes)) {
      response.cancel();
      throw this.#wrongSize(`${totalBytes} bytes`);
    }
    this.#totalBytes = totalBytes;
  }

  /** Also while bytes come: others write too, and a full disk hurts more than this download. */
  async #ensureRoom(): Promise<void> {
    const free = await (this.#tools.readFreeBytes ?? readFreeBytes)(this.#part.folder);
    const needed = this.#totalBytes === undefined ? roomForUnknownBytes : this.#bytesLeft();
    if (needed > free) throw diskFull(this.#part.folder, needed, free);
  }

  async #advanced(): Promise<void> {
    if (this.#meter.isDue()) this.#tellProgress();
    if (this.#tools.clock.nowMs() - this.#savedAtMs < saveEveryMs) return;
    await this.#save();
    await this.#ensureRoom();
  }

  #tellProgress(): void {
    this.#job.onProgress?.(this.#meter.read(this.#bytesDone(), this.#totalBytes));
  }

  #bytesDone(): number {
    return this.#state === undefined ? this.#wholeBytes : bytesDone(this.#state);
  }

  #bytesLeft(): number {
    return Math.max(0, (this.#totalBytes ?? 0) - this.#bytesDone());
  }

  /** First the bytes, then the word that they are there. */
  async #save(): Promise<void> {
    this.#savedAtMs = this.#tools.clock.nowMs();
    if (this.#state !== undefined && this.#bytesDone() > 0)
      await this.#saver.save(this.#state, () => this.#part.sync());
  }

  #wrongSize(actual: string): UnavailableError {
    const message = `${this.#host()} has ${actual}, where ${this.#totalBytes ?? this.#job.sizeBytes} bytes were announced.`;
    return new UnavailableError('checksum_mismatch', message);
  }

  #endedEarly(): UnavailableError {
    return new UnavailableError('download_failed', `${this.#host()} ended its answer early.`);
  }

  #host(): string {
    return new URL(this.#job.url).host;
  }
}
