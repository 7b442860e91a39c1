/** What has to be fetched for a source: which files from where to where, and how large and how hashed they are. */

import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { RequestError } from '../base/errors.ts';
import type { ModelSource } from '../fleet/model-source.ts';
import { type Catalog, type CatalogEntry, findInCatalog } from '../models/catalog/catalog.ts';
import type { HubFile } from '../models/hub/hub.ts';
import type { Hubs } from '../models/hub/hubs.ts';
import { pickFiles } from '../models/hub/pick-files.ts';
import { toSafePath } from '../outbound/safe-name.ts';

/** One file on its way. */
export interface FileFetch {
  readonly url: string;
  /** A token may be among them: never to be logged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly target: string;
  readonly sizeBytes?: number;
  readonly sha256?: string;
}

/** A model's files, the one that an engine opens first. */
export interface FetchPlan {
  readonly name: string;
  readonly quantisation?: string;
  readonly files: readonly FileFetch[];
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

/** Asks hubs where need be; throws what a person can mend, with the field's path. */
export async function planFetch(source: ModelSource, world: PlanWorld, signal: AbortSignal): Promise<FetchPlan> {
  switch (source.kind) {
    case 'hub':
      return planHub(source, world, signal);
    case 'catalogue':
      return planHub(hubSourceOf(source, world.catalog()), world, signal);
    case 'url':
      return planUrl(source, world.folder);
    case 'bundled':
    case 'local':
    case 'remote':
      return { name: '', files: [], notes: [] };
  }
}

async function planHub(source: HubSource, { hubs, folder }: PlanWorld, signal: AbortSignal): Promise<FetchPlan> {
  const { hub, note } = await hubs.pick(source.hub);
  const listing = await hub.files(source.repository, source.revision, signal);
  const variant = pickFiles(listing, source);
  const first = variant.files[0];
  if (first !== undefined) await hub.checkAccess(listing, first.path, signal);
  // The commit belongs to the path: a newer one never replaces files that are being served.
  const home = `${source.repository}/${listing.commit.slice(0, 12)}`;
  const toFetch = ({ path, sizeBytes, sha256 }: HubFile): FileFetch => ({
    ...hub.fileUrl(source.repository, listing.commit, path),
    target: join(folder, hub.kind, ...toSafePath(`${home}/${path}`).split('/')),
    sizeBytes,
    ...(sha256 !== undefined && { sha256 }),
  });
  const projector = variant.projector === undefined ? [] : [variant.projector];
  return {
    name: source.repository,
    files: [...variant.files, ...projector].map(toFetch),
    notes: note === undefined ? [] : [note],
    ...(variant.quantisation !== undefined && { quantisation: variant.quantisation }),
  };
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
