/** The progress of several files as that of one. */

import type { DownloadProgress } from '../../fleet/download.ts';

/** Counts what has come of each; sizes that nobody told are learnt from the servers. */
export class TotalProgress {
  readonly #files: Array<{ bytesDone: number; bytesTotal: number | undefined }>;
  #bytesPerSecond = 0;

  constructor(files: ReadonlyArray<{ readonly sizeBytes?: number }>) {
    this.#files = files.map(({ sizeBytes }) => ({ bytesDone: 0, bytesTotal: sizeBytes }));
  }

  note(index: number, { bytesDone, bytesTotal, bytesPerSecond }: DownloadProgress): void {
    const known = this.#files[index]?.bytesTotal;
    this.#files[index] = { bytesDone, bytesTotal: known ?? bytesTotal };
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** It is there as a whole, also if it was there before and nothing was told of it. */
  finish(index: number): void {
    const { bytesDone = 0, bytesTotal = bytesDone } = this.#files[index] ?? {};
    this.#files[index] = { bytesDone: bytesTotal, bytesTotal };
    this.#bytesPerSecond = 0;
  }

  read(): DownloadProgress {
    const bytesDone = this.#files.reduce((sum, file) => sum + file.bytesDone, 0);
    const progress = { bytesDone, bytesPerSecond: this.#bytesPerSecond };
    const bytesTotal = this.#files.reduce<number | undefined>(
      (sum, file) => (sum === undefined || file.bytesTotal === undefined ? undefined : sum + file.bytesTotal),
      0,
    );
    if (bytesTotal === undefined) return progress;
    if (this.#bytesPerSecond === 0) return { ...progress, bytesTotal };
    const etaSeconds = Math.max(0, Math.ceil((bytesTotal - bytesDone) / this.#bytesPerSecond));
    return { ...progress, bytesTotal, etaSeconds };
  }
}
