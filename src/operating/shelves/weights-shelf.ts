/** The shelf of engines that open folders of safetensors as they are: local ones, cached ones, and those of a hub. */

import { statSync } from 'node:fs';
import { Bug, RequestError } from '../../base/errors.ts';
import type { ModelSource } from '../../fleet/model-source.ts';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import { listSourceFiles } from '../../models/convert/source-key.ts';
import { readWeightsFolder } from '../../models/read-weights-folder.ts';
import { resolveWeightsFolder } from '../../models/resolve-model.ts';
import { fetchInWords } from './fetching-shelf.ts';
import type { FindFolder } from './find-folder.ts';
import type { ModelDownloads } from './model-downloads.ts';
import type { SourceShelf } from './model-shelf.ts';

/** Makes the shelf. */
export function createWeightsShelf(findFolder: FindFolder, downloads: ModelDownloads): SourceShelf {
  const read = rememberFolders();
  const peek = (source: ModelSource): ModelSpec | undefined => {
    const folder = source.kind === 'local' ? resolveWeightsFolder(source.path, process.cwd()) : findFolder(source);
    return folder === undefined ? undefined : read(folder);
  };
  return {
    peek,
    async take(source, tell, signal) {
      if (source.kind === 'bundled') throw bundledRefused();
      const here = peek(source);
      if (here !== undefined) return here;
      await fetchInWords(downloads, { source, weights: 'safetensors', tell }, signal);
      const fetched = peek(source);
      if (fetched === undefined) throw new Bug('weights were fetched and are not there');
      return fetched;
    },
  };
}

const mostRemembered = 100;

/** Reads each folder once for as long as its files are as they were: a vocabulary takes some hundred milliseconds. */
function rememberFolders(): (folder: string) => ModelSpec {
  const known = new Map<string, { readonly state: string; readonly spec: ModelSpec }>();
  return (folder) => {
    const state = stateOf(folder);
    const before = known.get(folder);
    if (before?.state === state && state !== '') return before.spec;
    const spec = readWeightsFolder(folder);
    if (known.size >= mostRemembered) known.clear();
    known.set(folder, { state, spec });
    return spec;
  };
}

/** '' = it cannot be told; reading the folder will say why. */
function stateOf(folder: string): string {
  try {
    const files = listSourceFiles(folder).map((path) => [path, statSync(path)] as const);
    return JSON.stringify(files.map(([path, { ino, size, mtimeMs, ctimeMs }]) => [path, ino, size, mtimeMs, ctimeMs]));
  } catch {
    return '';
  }
}

function bundledRefused(): RequestError {
  const message = "The bundled model is a GGUF file, and this engine opens safetensors: use the backend 'embedded'.";
  return new RequestError('invalid_value', message, { param: 'backend' });
}
