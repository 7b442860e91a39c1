/** How fast bytes arrive and when the last one will, measured with a clock that is handed in. */

import type { Clock } from '../base/clock.ts';

/** How far a download is; what is not known is absent. */
export interface DownloadProgress {
  readonly bytesDone: number;
  readonly bytesTotal?: number;
  readonly bytesPerSecond: number;
  readonly etaSeconds?: number;
}

/** The speed is that of the last ten seconds, sampled once in half a second. */
const windowMs = 10_000;
const sampleMs = 500;

/** Remembers when how many bytes had come. */
export class ProgressMeter {
  readonly #clock: Clock;
  #samples: { readonly atMs: number; readonly bytes: number }[];

  /** `bytesBefore` = what an earlier run brought; it does not count as speed. */
  constructor(clock: Clock, bytesBefore: number) {
    this.#clock = clock;
    this.#samples = [{ atMs: clock.nowMs(), bytes: bytesBefore }];
  }

  /** Is it time to tell someone? At most twice a second. */
  isDue(): boolean {
    return this.#clock.nowMs() - (this.#samples.at(-1)?.atMs ?? 0) >= sampleMs;
  }

  /** Notes that `bytesDone` bytes are there now, and says what follows. */
  read(bytesDone: number, bytesTotal: number | undefined): DownloadProgress {
    const nowMs = this.#clock.nowMs();
    if (this.isDue()) this.#samples.push({ atMs: nowMs, bytes: bytesDone });
    while (this.#samples.length > 2 && nowMs - (this.#samples[1]?.atMs ?? nowMs) >= windowMs) this.#samples.shift();
    const [first = { atMs: nowMs, bytes: bytesDone }] = this.#samples;
    const elapsedMs = nowMs - first.atMs;
    const bytesPerSecond = elapsedMs > 0 ? Math.max(0, Math.round(((bytesDone - first.bytes) * 1000) / elapsedMs)) : 0;
    if (bytesTotal === undefined) return { bytesDone, bytesPerSecond };
    if (bytesPerSecond === 0) return { bytesDone, bytesTotal, bytesPerSecond };
    return { bytesDone, bytesTotal, bytesPerSecond, etaSeconds: Math.ceil((bytesTotal - bytesDone) / bytesPerSecond) };
  }
}
