/** Models that this platform has fetched: by what they were fetched for, and whether their files are still there. */

import { existsSync } from 'node:fs';
import type { ModelFile } from '../fleet/download.ts';
import type { ModelSource } from '../fleet/model-source.ts';

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
    if (file.source !== undefined) this.#bySource.set(keyOfSource(file.source), file);
  }

  remove({ source }: ModelFile): void {
    if (source !== undefined) this.#bySource.delete(keyOfSource(source));
  }

  /** Whether or not its files are still there. */
  known(source: ModelSource): ModelFile | undefined {
    return this.#bySource.get(keyOfSource(source));
  }

  /** Only if every file is still there. */
  find(source: ModelSource): ModelFile | undefined {
    const found = this.known(source);
    return found !== undefined && isComplete(found) ? found : undefined;
  }
}

/** Are all its files there? */
export function isComplete({ files }: ModelFile): boolean {
  return files.length > 0 && files.every((path) => existsSync(path));
}
