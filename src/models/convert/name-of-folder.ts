/** What a folder of weights is called. */

import { basename, resolve } from 'node:path';

/** Its own name; in the cache of a hub it is named by its commit, and an ancestor by the repository. */
export function nameOfFolder(folder: string): string {
  const [, repository] = /[/\\]models--[^/\\]+?--([^/\\]+)[/\\]snapshots[/\\]/.exec(folder) ?? [];
  return repository ?? basename(resolve(folder));
}
