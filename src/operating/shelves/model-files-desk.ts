/** The models on this machine: our own, the bundled one, and those of other programs, which are only looked at. */

import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RequestError, toAppError } from '../../base/errors.ts';
import type { Deployment } from '../../fleet/deployment.ts';
import type { ModelFile } from '../../fleet/download.ts';
import { isFolder } from '../../models/gguf-files.ts';
import type { FilesMemory } from '../../models/on-disk/describe-files.ts';
import { findModelsOnDisk, type OnDiskModel } from '../../models/on-disk/find-models.ts';
import type { ModelPlace } from '../../models/on-disk/model-places.ts';
import { deleteModelFile } from '../../store/model-files.ts';
import type { Db } from '../../store/tables.ts';
import type { ReadLocal } from './local-shelf.ts';
import { isComplete, keyOfSource, type OwnFiles } from './own-files.ts';
import { isInside, removeEmptyFolders } from './part-files.ts';

/** What the desk stands on. */
export interface ModelFilesParts {
  readonly db: Db;
  readonly own: OwnFiles;
  /** Our own models lie below it. */
  readonly folder: string;
  readonly places: readonly ModelPlace[];
  /** Kept from list to list: reading a header takes some 20 ms. */
  readonly memory: FilesMemory;
  readonly readLocal: ReadLocal;
  /** Files on their way: until all of them are there, they are no model. */
  readonly expected: () => ReadonlySet<string>;
  readonly workerId: string;
}

/** Lists all models, our own first. */
export async function listAllModels(parts: ModelFilesParts, signal: AbortSignal): Promise<readonly ModelFile[]> {
  const own = parts.own.all.map((file) => (isComplete(file) ? file : { ...file, problem: 'Its files are gone.' }));
  return [...own, bundled(parts), ...(await foundOnDisk(parts, parts.places, signal))];
}

/** Removes one of our own from the disk; those of others are never touched. */
export async function removeModelFiles(
  id: string,
  deployments: readonly Deployment[],
  parts: ModelFilesParts,
): Promise<void> {
  const { db, own, folder } = parts;
  const file = await findOwn(id, parts);
  const user = usersOf(file, deployments, own)[0];
  if (user !== undefined)
    throw new RequestError('conflict', `The deployment '${user.name}' uses these files; remove or change it first.`);
  // The same weights may have been asked for in several ways.
  const [weights] = file.files;
  const same = own.all.filter(({ files }) => files[0] === weights);
  for (const each of same) {
    await deleteModelFile(db, each.id);
    own.remove(each);
  }
  // What stands beside the weights (a projector) may belong to others too.
  const needed = new Set(own.all.flatMap(({ files }) => files));
  const paths = new Set([file, ...same].flatMap(({ files }) => files));
  for (const path of paths) {
    // The folder of safetensors goes when it is empty.
    if (needed.has(path) || !isInside(folder, path) || isFolder(path)) continue;
    await rm(path, { force: true });
    await removeEmptyFolders(dirname(path), folder);
  }
}

/** Deployments that serve these weights, however they name them. */
export function usersOf(file: ModelFile, deployments: readonly Deployment[], own: OwnFiles): readonly Deployment[] {
  const [weights = ''] = file.files;
  return deployments.filter(({ source }) => {
    if (file.source !== undefined && keyOfSource(source) === keyOfSource(file.source)) return true;
    if (source.kind === 'local')
      return source.path === weights || isInside(source.path, weights) || isInside(weights, source.path);
    return own.known(source).some(({ files }) => files[0] === weights);
  });
}

/** Known, or found in our own folder: one that was put there by hand, or was not written down. */
async function findOwn(id: string, parts: ModelFilesParts): Promise<ModelFile> {
  const places = parts.places.filter(({ origin }) => origin === 'own');
  const known = parts.own.all.find((each) => each.id === id);
  const found =
    known ?? (await foundOnDisk(parts, places, new AbortController().signal)).find((each) => each.id === id);
  if (found !== undefined) return found;
  const message = `There is no model file '${id}' of our own; those of other programs are never removed.`;
  throw new RequestError('not_found', message);
}

/** Those that are not known to be our own. */
async function foundOnDisk(
  { own, memory, expected, workerId }: ModelFilesParts,
  places: readonly ModelPlace[],
  signal: AbortSignal,
): Promise<readonly ModelFile[]> {
  const found = await findModelsOnDisk(places, signal, { memory });
  const coming = [...expected()].flatMap((path) => (path.endsWith('.safetensors') ? [path, dirname(path)] : [path]));
  const known = new Set([...own.all.flatMap(({ files }) => files), ...coming]);
  return found
    .filter(({ files }) => !files.some((path) => known.has(path)))
    .map((model) => toModelFile(model, workerId));
}

function toModelFile(model: OnDiskModel, workerId: string): ModelFile {
  const { origin, name, files, sizeBytes, quantisation, source, problem } = model;
  return {
    // One program may have several names for the same weights, and names without any.
    id: idOf(origin, name, ...files),
    ...{ workerId, files, sizeBytes, origin, name, createdAt: 0 },
    ...(quantisation !== undefined && { quantisation }),
    ...(source !== undefined && { source }),
    ...(problem !== undefined && { problem }),
  };
}

function bundled({ readLocal, workerId }: ModelFilesParts): ModelFile {
  const source = { kind: 'bundled' } as const;
  const facts = { id: idOf('bundled'), workerId, origin: source.kind, source, createdAt: 0 };
  try {
    const { name = '', files = [], sizeBytes = 0 } = readLocal(source) ?? {};
    return { ...facts, name, files, sizeBytes };
  } catch (thrown) {
    return { ...facts, name: 'bundled', files: [], sizeBytes: 0, problem: toAppError(thrown).message };
  }
}

function idOf(...facts: readonly string[]): string {
  return `mf_${createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16)}`;
}
