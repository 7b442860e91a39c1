/** A shelf that has folders of safetensors too: they are converted when they are first taken. */

import type { DownloadProgress } from '../../fleet/download.ts';
import type { ModelSource } from '../../fleet/model-source.ts';
import type { Converter } from '../../models/convert/converter.ts';
import { readModel } from '../../models/read-model.ts';
import { findSafetensors } from '../../models/resolve-model.ts';
import { fetchInWords, inUnits, progressInWords } from './fetching-shelf.ts';
import type { FindFolder } from './find-folder.ts';
import type { ModelDownloads } from './model-downloads.ts';
import type { SourceShelf, TellProgress } from './model-shelf.ts';
import type { FetchPlan } from './plan-fetch.ts';

/** What the shelf stands on. */
export interface ConvertingParts {
  /** Has everything that need not be converted. */
  readonly rest: SourceShelf;
  readonly converter: Converter;
  readonly findFolder: FindFolder;
  readonly downloads: ModelDownloads;
}

/** Puts the converter before a shelf; GGUF that is here goes before safetensors that are here. */
export function createConvertingShelf({ rest, converter, findFolder, downloads }: ConvertingParts): SourceShelf {
  const find = (source: ModelSource): string | undefined =>
    findWeights(source) ?? (isVariant(source) || rest.peek(source) !== undefined ? undefined : findFolder(source));
  return {
    peek(source) {
      const folder = find(source);
      if (folder === undefined) return rest.peek(source);
      const path = converter.find(folder);
      return path === undefined ? undefined : readModel(path);
    },
    async take(source, tell, signal) {
      // What a repository turns out to hold is known when it has been fetched.
      if (isOfHub(source) && find(source) === undefined && rest.peek(source) === undefined)
        await fetchInWords(downloads, { source, weights: 'gguf', tell }, signal);
      const folder = find(source);
      return folder === undefined ? rest.take(source, tell, signal) : convert(folder, tell, signal);
    },
  };

  async function convert(folder: string, tell: TellProgress, signal: AbortSignal) {
    let planned = '';
    const listener = {
      onPlan: (words: string) => {
        planned = words;
        tell(words);
      },
      onProgress: (progress: DownloadProgress) => tell(`${planned}: ${progressInWords(progress)}`),
    };
    return readModel(await converter.take(folder, listener, signal));
  }
}

/** The file that a conversion would make, as far as an estimate needs it; undefined for what must be fetched, and for GGUF. */
export function planConverted(
  source: ModelSource,
  converter: Converter,
  findFolder: FindFolder,
): FetchPlan | undefined {
  const folder = findWeights(source) ?? (isVariant(source) ? undefined : findFolder(source));
  if (folder === undefined) return undefined;
  const { name, type, sizeBytes } = converter.plan(folder);
  return { name, quantisation: type, files: [{ url: '', headers: {}, target: '', sizeBytes }], notes: [] };
}

/** Says of safetensors that are fetched to be converted what that takes. */
export function withConversion(plan: FetchPlan): FetchPlan {
  if (plan.folder === undefined) return plan;
  const sizeBytes = plan.files.reduce((sum, file) => sum + (file.sizeBytes ?? 0), 0);
  const note =
    `It has no GGUF file: ${inUnits(sizeBytes)} of safetensors are fetched and then converted, once, ` +
    `to GGUF of at most ${inUnits(sizeBytes)}; both stay on the disk`;
  return { ...plan, notes: [...plan.notes, note] };
}

function findWeights(source: ModelSource): string | undefined {
  return source.kind === 'local' ? findSafetensors(source.path, process.cwd()) : undefined;
}

/** Does it name a GGUF file, or a quantisation that only such files have? */
export function isVariant(source: ModelSource): boolean {
  return source.kind === 'hub' && (source.file !== undefined || source.quantisation !== undefined);
}

function isOfHub({ kind }: ModelSource): boolean {
  return kind === 'hub' || kind === 'catalogue';
}
