/** Models that are on this machine already: the bundled one, and files by their path. */

import type { ModelSource } from '../../fleet/model-source.ts';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import { readModel } from '../../models/read-model.ts';
import { resolveModel } from '../../models/resolve-model.ts';

/** Reads a local source; undefined for sources that must be fetched. Throws ConfigError or RequestError. */
export type ReadLocal = (source: ModelSource) => ModelSpec | undefined;

/** Makes the reader. Whether a path may be served at all is not its affair. */
export function createReadLocal(bundledPath: string): ReadLocal {
  return (source) => {
    if (source.kind === 'bundled') return readModel(bundledPath);
    if (source.kind !== 'local') return undefined;
    return readModel(resolveModel(source.path, process.cwd()));
  };
}
