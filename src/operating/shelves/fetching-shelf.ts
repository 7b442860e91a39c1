/** The shelf of models: what is on this machine is taken from there, everything else is fetched first. */

import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { Bug } from '../../base/errors.ts';
import type { Download, DownloadProgress, ModelFile } from '../../fleet/download.ts';
import type { ModelSource } from '../../fleet/model-source.ts';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import { readModel } from '../../models/read-model.ts';
import type { ReadLocal } from './local-shelf.ts';
import type { ModelDownloads } from './model-downloads.ts';
import type { ShelfWish, SourceShelf, TellProgress } from './model-shelf.ts';
import type { OwnFiles } from './own-files.ts';
import type { FetchPlan } from './plan-fetch.ts';

/** What the shelf stands on. */
export interface ShelfParts {
  readonly readLocal: ReadLocal;
  readonly downloads: ModelDownloads;
  readonly own: OwnFiles;
}

/** Makes the shelf. */
export function createFetchingShelf({ readLocal, downloads, own }: ShelfParts): SourceShelf {
  const peek = (source: ModelSource): ModelSpec | undefined => {
    const local = readLocal(source);
    if (local !== undefined) return local;
    const [first] = own.find(source, 'gguf')?.files ?? [];
    return first === undefined ? undefined : readModel(first);
  };
  return {
    peek,
    async take(source, tell, signal) {
      const here = peek(source);
      if (here !== undefined) return here;
      await fetchInWords(downloads, { source, weights: 'gguf', tell }, signal);
      const fetched = peek(source);
      if (fetched === undefined) throw new Bug('a model was fetched and is not there');
      return fetched;
    },
  };
}

/** Fetches it, and says how far that is. */
export async function fetchInWords(
  downloads: ModelDownloads,
  { tell, ...wish }: ShelfWish & { readonly tell: TellProgress },
  signal: AbortSignal,
): Promise<void> {
  tell('looking for its files');
  await downloads.take(wish, (download) => tell(inWords(download)), signal);
}

/** What is kept of a model that was just fetched. */
export function toModelFile(
  source: ModelSource,
  plan: FetchPlan,
  facts: Pick<ModelFile, 'id' | 'workerId' | 'createdAt'>,
): ModelFile {
  const fetched = plan.files.map(({ target }) => target);
  // Of files by their address nobody said how large they would be.
  const sizeBytes = fetched.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
  const name = plan.name === '' ? basename(fetched[0] ?? '') : plan.name;
  const quantisation = plan.quantisation !== undefined && { quantisation: plan.quantisation };
  const files = plan.folder === undefined ? fetched : [plan.folder, ...fetched];
  return { ...facts, files, sizeBytes, origin: 'own', name, source, ...quantisation };
}

/** With what the person should know of it. */
function inWords({ progress, notes = [] }: Pick<Download, 'progress' | 'notes'>): string {
  return [progressInWords(progress), ...notes].join('; ');
}

/** `38 % of 4.7 GB, 12.3 MB/s, 4 min left`. */
export function progressInWords({ bytesDone, bytesTotal, bytesPerSecond, etaSeconds }: DownloadProgress): string {
  // Its hash takes a second for each gigabyte or two.
  if (bytesTotal !== undefined && bytesDone >= bytesTotal && bytesTotal > 0) return `checking ${inUnits(bytesTotal)}`;
  const share =
    bytesTotal === undefined || bytesTotal === 0 ? '' : `${Math.floor((bytesDone / bytesTotal) * 100)} % of `;
  const speed = bytesPerSecond > 0 ? `, ${inUnits(bytesPerSecond)}/s` : '';
  const left = etaSeconds === undefined ? '' : `, ${timeInWords(etaSeconds)} left`;
  return `${share}${inUnits(bytesTotal ?? bytesDone)}${speed}${left}`;
}

/** `4.7 GB`. */
export function inUnits(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}

function timeInWords(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5_400 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3_600)} h`;
}
