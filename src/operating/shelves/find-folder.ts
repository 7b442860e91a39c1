/** Where the safetensors of a source lie on this machine, if they do. */

import type { ModelSource } from '../../fleet/model-source.ts';
import { hasAllWeights } from '../../models/convert/weight-files.ts';
import { findCachedFolders } from '../../models/on-disk/find-cached.ts';
import type { ModelPlace } from '../../models/on-disk/model-places.ts';
import type { OwnFiles } from './own-files.ts';

/** Finds it; undefined for what is not here, and for sources that are no repository. */
export type FindFolder = (source: ModelSource) => string | undefined;

/** Looks among our own files, then in the caches of the hubs' own programs, which are served in place. */
export function createFindFolder(own: OwnFiles, places: readonly ModelPlace[]): FindFolder {
  return (source) => {
    const [fetched] = own.find(source, 'safetensors')?.files ?? [];
    if (fetched !== undefined || source.kind !== 'hub') return fetched;
    return findCachedFolders(places, source).find(hasAllWeights);
  };
}
