/** Models that this platform has fetched: by what they were fetched for, and whether their files are still there. */

import { existsSync } from 'node:fs';
import type { ModelFile } from '../../fleet/download.ts';
import type { ModelSource } from '../../fleet/model-source.ts';

/** In which form weights were fetched: an engine may want one that another cannot open. */
export type WeightsForm = 'gguf' | 'safetensors';

/** Equal for sources that are written alike. */
export function keyOfSource(source: ModelSource): string {
  return JSON.stringify(Object.entries(source).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What is known of them; the database has the same. */
export class OwnFiles {
  readonly #bySource = new Map<string, ModelFile>();

  constructor(known: readonly ModelFile[]) {
    for (const file of known) this.add(file);
  }

  get all(): readonly ModelFile[] {
    return [...this.#bySource.values()];
  }

  add(file: ModelFile): void {
    if (file.source !== undefined) this.#bySource.set(keyOf(file.source, formOf(file)), file);
  }

  remove(file: ModelFile): void {
    if (file.source !== undefined) this.#bySource.delete(keyOf(file.source, formOf(file)));
  }

  /** Whether or not its files are still there; in both forms, if it was fetched in both. */
  known(source: ModelSource): readonly ModelFile[] {
    return (['gguf', 'safetensors'] as const)
      .map((form) => this.#bySource.get(keyOf(source, form)))
      .filter((file) => file !== undefined);
  }

  /** Only if every file is still there. */
  find(source: ModelSource, form: WeightsForm): ModelFile | undefined {
    const found = this.#bySource.get(keyOf(source, form));
    return found !== undefined && isComplete(found) ? found : undefined;
  }
}

/** Of safetensors the first path is their folder. */
export function formOf({ files }: Pick<ModelFile, 'files'>): WeightsForm {
  return files.some((path) => /\.safetensors$/i.test(path)) ? 'safetensors' : 'gguf';
}

function keyOf(source: ModelSource, form: WeightsForm): string {
  return `${form} ${keyOfSource(source)}`;
}

/** Are all its files there? */
export function isComplete({ files }: ModelFile): boolean {
  return files.length > 0 && files.every((path) => existsSync(path));
}
