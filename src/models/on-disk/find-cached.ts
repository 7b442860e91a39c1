/** Finds a repository's safetensors in the caches of the hubs' own programs, to be served where they are. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { HubKind } from '../hub/hub.ts';
import type { ModelPlace } from './model-places.ts';

/** Which repository, at which branch, tag or commit. */
export interface CachedWish {
  readonly hub: 'auto' | HubKind;
  readonly repository: string;
  readonly revision?: string;
}

/** The folders that should hold it, the likeliest first; whether they are whole is for their reader to say. */
export function findCachedFolders(places: readonly ModelPlace[], wish: CachedWish): string[] {
  if (!wish.repository.split('/').every(isOneName)) return [];
  return places
    .filter(({ origin }) => (origin === 'huggingface' || origin === 'modelscope') && isAsked(wish.hub, origin))
    .flatMap(({ origin, folder }) =>
      origin === 'huggingface' ? huggingFaceFolders(folder, wish) : modelScopeFolders(folder, wish),
    )
    .filter((folder) => isFile(join(folder, 'config.json')));
}

function isAsked(hub: CachedWish['hub'], origin: string): boolean {
  return hub === 'auto' || hub === origin;
}

/** `refs/BRANCH` names the commit whose snapshot was fetched last (https://huggingface.co/docs/hub/local-cache). */
function huggingFaceFolders(cache: string, { repository, revision = 'main' }: CachedWish): string[] {
  const home = join(cache, `models--${repository.replace('/', '--')}`);
  if (!isOneName(revision)) return [];
  const commit = readSmall(join(home, 'refs', revision)) ?? revision;
  return isOneName(commit) ? [join(home, 'snapshots', commit)] : [];
}

/** Layouts: see `repository-name.ts`. */
function modelScopeFolders(cache: string, { repository, revision }: CachedWish): string[] {
  const snapshots = join(cache, 'models', repository.replace('/', '--'), 'snapshots');
  const revisions = namesIn(snapshots).filter((name) => revision === undefined || name === revision);
  const [owner = '', name = ''] = repository.split('/');
  // Older layouts keep whichever revision was fetched last, without saying which.
  const old = revision === undefined ? [join(owner, name), join(owner, name.replaceAll('.', '___'))] : [];
  const tops = [cache, join(cache, 'models'), join(cache, 'hub'), join(cache, 'hub', 'models')];
  return [
    ...revisions.map((each) => join(snapshots, each)),
    ...tops.flatMap((top) => old.map((below) => join(top, below))),
  ];
}

/** No name of an owner, a model or a revision may lead elsewhere. */
function isOneName(name: string): boolean {
  return /^[\w-][\w.-]{0,199}$/.test(name);
}

function readSmall(path: string): string | undefined {
  return isFile(path) ? readFileSync(path, 'utf8').slice(0, 200).trim() : undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
