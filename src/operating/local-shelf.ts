/** Models that are on this machine already: the bundled one, and files by their path. */

import { RequestError } from '../base/errors.ts';
import type { ModelSource } from '../fleet/model-source.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import { readModel } from '../models/read-model.ts';
import { resolveModel } from '../models/resolve-model.ts';

/** Reads a local source; undefined for sources that must be fetched. Throws ConfigError or RequestError. */
export type ReadLocal = (source: ModelSource) => ModelSpec | undefined;

/** Makes the reader; `isAllowed` says whether a path may be served at all. */
export function createReadLocal(bundledPath: string, isAllowed: (path: string) => boolean): ReadLocal {
  return (source) => {
    if (source.kind === 'bundled') return readModel(bundledPath);
    if (source.kind !== 'local') return undefined;
    const path = resolveModel(source.path, process.cwd());
    if (!isAllowed(path)) {
      const message = `'${source.path}' lies outside the folders from which models may be served.`;
      throw new RequestError('invalid_value', message, { param: 'source.path' });
    }
    return readModel(path);
  };
}
