/** The models on this machine: our own, the bundled one, and those of other programs, which are only looked at. */

import { createHash } from 'node:crypto';
import { rm, rmdir } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { RequestError } from '../base/errors.ts';
import type { Deployment } from '../fleet/deployment.ts';
import type { ModelFile } from '../fleet/download.ts';
import { findModelsOnDisk } from '../models/on-disk/find-models.ts';
import type { ModelPlace } from '../models/on-disk/model-places.ts';
import { deleteModelFile } from '../store/model-files.ts';
import type { Db } from '../store/tables.ts';
import type { OwnFiles } from './fetching-shelf.ts';
import { keyOfSource } from './model-downloads.ts';

/** What the desk stands on. */
export interface ModelFilesParts {
  readonly db: Db;
  readonly own: OwnFiles;
  /** Our own models lie below it. */
  readonly folder: string;
  readonly places: readonly ModelPlace[];
  readonly workerId: string;
}

/** Lists all models, our own first. */
export async function listAllModels(parts: ModelFilesParts, signal: AbortSignal): Promise<readonly ModelFile[]> {
  const { own, places, workerId } = parts;
  const known = new Set(own.all.flatMap(({ files }) => files));
  const others = places.filter(({ origin }) => origin !== 'own');
  const found = await findModelsOnDisk(others, signal);
  const listed = found
    .filter(({ files }) => !files.some((path) => known.has(path)))
    .map(
      ({ origin, name, files, sizeBytes, quantisation, source }): ModelFile => ({
        id: `mf_${createHash('sha256').update(files.join('\n')).digest('hex').slice(0, 16)}`,
        workerId,
        files,
        sizeBytes,
        origin,
        name,
        createdAt: 0,
        ...(quantisation !== undefined && { quantisation }),
        ...(source !== undefined && { source }),
      }),
    );
  return [...own.all, ...listed];
}

/** Removes one of our own from the disk; those of others are never touched. */
export async function removeModelFiles(
  id: string,
  deployments: readonly Deployment[],
  parts: ModelFilesParts,
): Promise<void> {
  const file = parts.own.all.find((each) => each.id === id);
  if (file === undefined)
    throw new RequestError(
      'not_found',
      `There is no model file '${id}' of our own; those of other programs are never removed.`,
    );
  const user = usersOf(file, deployments)[0];
  if (user !== undefined)
    throw new RequestError('conflict', `The deployment '${user.name}' uses these files; remove or change it first.`);
  parts.own.remove(file);
  await deleteModelFile(parts.db, id);
  const folders = new Set(file.files.map(dirname));
  for (const path of file.files) if (isInside(parts.folder, path)) await rm(path, { force: true });
  for (const folder of folders) await removeEmptyFolders(folder, parts.folder);
}

/** Deployments that serve these files. */
export function usersOf(file: ModelFile, deployments: readonly Deployment[]): readonly Deployment[] {
  const { source, files } = file;
  return deployments.filter((deployment) => {
    const own = deployment.source;
    if (source !== undefined && keyOfSource(own) === keyOfSource(source)) return true;
    return own.kind === 'local' && files.includes(own.path);
  });
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && !way.startsWith('..');
}

/** Upwards, as far as nothing else is in them. */
async function removeEmptyFolders(from: string, top: string): Promise<void> {
  for (let folder = from; isInside(top, folder); folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch {
      return;
    }
  }
}
