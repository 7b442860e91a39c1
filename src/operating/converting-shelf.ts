/** A shelf that has folders of safetensors too: they are converted when they are first taken. */

import type { DownloadProgress } from '../fleet/download.ts';
import type { ModelSource } from '../fleet/model-source.ts';
import type { Converter } from '../models/convert/converter.ts';
import { readModel } from '../models/read-model.ts';
import { findSafetensors } from '../models/resolve-model.ts';
import { progressInWords } from './fetching-shelf.ts';
import type { SourceShelf } from './model-shelf.ts';
import type { FetchPlan } from './plan-fetch.ts';

/** Puts the converter before a shelf, which has everything else. */
export function createConvertingShelf(rest: SourceShelf, converter: Converter): SourceShelf {
  return {
    peek(source) {
      const folder = findWeights(source);
      if (folder === undefined) return rest.peek(source);
      const path = converter.find(folder);
      return path === undefined ? undefined : readModel(path);
    },
    async take(source, tell, signal) {
      const folder = findWeights(source);
      if (folder === undefined) return rest.take(source, tell, signal);
      let planned = '';
      const listener = {
        onPlan: (words: string) => {
          planned = words;
          tell(words);
        },
        onProgress: (progress: DownloadProgress) => tell(`${planned}: ${progressInWords(progress)}`),
      };
      return readModel(await converter.take(folder, listener, signal));
    },
  };
}

/** The file that a conversion would make, as far as an estimate needs it; undefined for other sources. */
export async function planConverted(source: ModelSource, converter: Converter): Promise<FetchPlan | undefined> {
  const folder = findWeights(source);
  if (folder === undefined) return undefined;
  const { name, type, sizeBytes } = await converter.plan(folder);
  return { name, quantisation: type, files: [{ url: '', headers: {}, target: '', sizeBytes }], notes: [] };
}

function findWeights(source: ModelSource): string | undefined {
  return source.kind === 'local' ? findSafetensors(source.path, process.cwd()) : undefined;
}
