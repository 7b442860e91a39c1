/** What has to be fetched for a source: which files from where to where, and how large and how hashed they are. */

import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { RequestError } from '../../base/errors.ts';
import type { ModelSource } from '../../fleet/model-source.ts';
import { type Catalog, type CatalogEntry, findInCatalog } from '../../models/catalog/catalog.ts';
import { hasGguf } from '../../models/hub/gguf-variants.ts';
import type { HubFile, HubListing } from '../../models/hub/hub.ts';
import type { Hubs } from '../../models/hub/hubs.ts';
import { pickFiles } from '../../models/hub/pick-files.ts';
import { findWeightFiles, pickWeights } from '../../models/hub/pick-weights.ts';
import { toSafePath } from '../../outbound/safe-name.ts';
import type { FetchWish } from './model-shelf.ts';

/** One file on its way. */
export interface FileFetch {
  readonly url: string;
  /** A token may be among them: never to be logged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly target: string;
  readonly sizeBytes?: number;
  readonly sha256?: string;
}

/** A model's files, of GGUF the one that an engine opens first. */
export interface FetchPlan {
  readonly name: string;
  readonly quantisation?: string;
  readonly files: readonly FileFetch[];
  /** Set for safetensors: where their files come to lie, together. */
  readonly folder?: string;
  /** What the person should know, e.g. that another hub was taken. */
  readonly notes: readonly string[];
}

/** What planning needs. */
export interface PlanWorld {
  readonly hubs: Hubs;
  readonly catalog: () => Catalog;
  /** Own models live here. */
  readonly folder: string;
}

type HubSource = Extract<ModelSource, { kind: 'hub' }>;

/**
 * Asks hubs where need be; throws what a person can mend, with the field's path. Who wants GGUF is given safetensors
 * where a repository has nothing else: they can be converted.
 */
export async function planFetch(wish: FetchWish, world: PlanWorld, signal: AbortSignal): Promise<FetchPlan> {
  const { source, weights } = wish;
  switch (source.kind) {
    case 'hub':
      return planHub({ source, weights }, world, signal);
    case 'catalogue':
      return planHub({ source: hubSourceOf(source, world.catalog()), weights }, world, signal);
    case 'url':
      if (weights === 'safetensors') throw noSingleFile();
      return planUrl(source, world.folder);
    case 'bundled':
    case 'local':
    case 'remote':
      return { name: '', files: [], notes: [] };
  }
}

interface HubWish extends Pick<FetchWish, 'weights'> {
  readonly source: HubSource;
}

async function planHub(wish: HubWish, { hubs, folder }: PlanWorld, signal: AbortSignal): Promise<FetchPlan> {
  const { source } = wish;
  const { hub, note } = await hubs.pick(source.hub);
  const listing = await hub.files(source.repository, source.revision, signal);
  const { files, ...picked } = pick(listing, wish);
  const [first] = files;
  if (first !== undefined) await hub.checkAccess(listing, first.path, signal);
  // The commit belongs to the path: a newer one never replaces files that are being served.
  const home = `${source.repository}/${listing.commit.slice(0, 12)}`;
  const targetOf = (path: string): string => join(folder, hub.kind, ...toSafePath(`${home}/${path}`).split('/'));
  const toFetch = ({ path, sizeBytes, sha256 }: HubFile): FileFetch => ({
    ...hub.fileUrl(source.repository, listing.commit, path),
    target: targetOf(path),
    sizeBytes,
    ...(sha256 !== undefined && { sha256 }),
  });
  return {
    name: source.repository,
    files: files.map(toFetch),
    notes: note === undefined ? [] : [note],
    ...(picked.quantisation !== undefined && { quantisation: picked.quantisation }),
    ...(picked.isFolder && { folder: dirname(targetOf('config.json')) }),
  };
}

interface Picked {
  readonly files: readonly HubFile[];
  readonly isFolder: boolean;
  readonly quantisation?: string;
}

/** Somebody who names a variant means a GGUF file. */
function pick(listing: HubListing, { source, weights }: HubWish): Picked {
  if (weights === 'safetensors') return { files: pickWeights(listing), isFolder: true };
  const isGguf = source.file !== undefined || source.quantisation !== undefined || hasGguf(listing);
  const convertible = isGguf ? undefined : findWeightFiles(listing);
  if (convertible !== undefined) return { files: convertible, isFolder: true };
  const { files, projector, quantisation } = pickFiles(listing, source);
  return {
    files: projector === undefined ? files : [...files, projector],
    isFolder: false,
    ...(quantisation !== undefined && { quantisation }),
  };
}

function noSingleFile(): RequestError {
  const message =
    'An address names one file, and this engine opens folders of safetensors: name a repository of a hub.';
  return new RequestError('invalid_value', message, { param: 'source.kind' });
}

/** Which repository a name of the catalogue means; throws RequestError if there is no such name. */
export function hubSourceOf(source: Extract<ModelSource, { kind: 'catalogue' }>, catalog: Catalog): HubSource {
  const entry = findInCatalog(catalog, source.name);
  if (entry === undefined) throw notInCatalogue(source.name);
  const { quantisation = entry.quantisations[0] } = source;
  return { kind: 'hub', ...repositoryOf(entry), ...(quantisation !== undefined && { quantisation }) };
}

/** `auto` where both hubs have the very same repository; else the one that is known. */
function repositoryOf({ huggingFace, modelScope, name }: CatalogEntry): Pick<HubSource, 'hub' | 'repository'> {
  if (huggingFace !== undefined && huggingFace.repository === modelScope?.repository)
    return { hub: 'auto', repository: huggingFace.repository };
  if (huggingFace !== undefined) return { hub: 'huggingface', repository: huggingFace.repository };
  if (modelScope !== undefined) return { hub: 'modelscope', repository: modelScope.repository };
  throw new RequestError('invalid_value', `'${name}' has no repository to fetch it from.`, { param: 'source.name' });
}

function planUrl({ url, sha256 }: Extract<ModelSource, { kind: 'url' }>, folder: string): FetchPlan {
  if (!URL.canParse(url)) throw new RequestError('invalid_value', 'This is no address.', { param: 'source.url' });
  const last = basename(new URL(url).pathname);
  const name = /^[\w.-]{1,200}\.gguf$/i.test(last) ? last : 'model.gguf';
  const home = createHash('sha256').update(url).digest('hex').slice(0, 16);
  const file = { url, headers: {}, target: join(folder, 'url', home, name), ...(sha256 !== undefined && { sha256 }) };
  return { name: name.replace(/\.gguf$/i, ''), files: [file], notes: [] };
}

function notInCatalogue(name: string): RequestError {
  const message = `The catalogue has no model '${name}'. Its names: aimindserve models list --catalogue.`;
  return new RequestError('invalid_value', message, { param: 'source.name' });
}
