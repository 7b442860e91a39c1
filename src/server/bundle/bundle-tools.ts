/** What the command line does with bundles and a data directory. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomHex, systemClock } from '../../base/clock.ts';
import { isObject } from '../../base/json.ts';
import type { ModelFile } from '../../fleet/download.ts';
import { isInstalled, writeManifest } from '../../operating/installing/engine-manifest.ts';
import { keyOfSource } from '../../operating/shelves/own-files.ts';
import { listModelFiles, saveModelFile } from '../../store/model-files.ts';
import type { Db } from '../../store/tables.ts';
import { withStore } from '../data-tools.ts';
import { createBundle, type NewBundle } from './bundle-create.ts';
import { type LoadedBundle, loadBundle } from './bundle-load.ts';
import { type BundleEngine, type BundleManifest, type BundleModel, thisPlatform } from './bundle-manifest.ts';
import { findEngines, findModel, findWheels } from './bundle-models.ts';

/** What a person asks to have in a bundle. */
export interface BundleOrder {
  readonly dataFolder: string;
  /** Relative paths of models are below it. */
  readonly folder: string;
  /** Absent = named after version and platform, in `folder`. */
  readonly output?: string;
  readonly models: readonly string[];
  /** Libraries of the embedded engine. */
  readonly engines: readonly string[];
  readonly wheels?: string;
  readonly tell: (words: string) => void;
}

/** On one machine all files are on it. */
const workerId = 'local';

/** Makes a bundle of this installation. */
export async function makeBundle({ models, engines, wheels, ...order }: BundleOrder): Promise<NewBundle> {
  const { dataFolder, folder, tell } = order;
  const known = models.length === 0 ? [] : await withStore(dataFolder, ({ db }) => listModelFiles(db, workerId));
  const extras = models.map((wanted) => findModel(wanted, { known, dataFolder, folder }));
  for (const wanted of engines) extras.push(...(await findEngines(wanted, dataFolder)));
  if (wheels !== undefined) extras.push(await findWheels(wheels));
  const output = order.output ?? join(folder, `aimindserve-${ownVersion()}-${thisPlatform()}.tar`);
  return createBundle({ output, extras, clock: systemClock, tell });
}

/** Loads a bundle's models, libraries and wheels; the platform knows the models from its next start on. */
export async function takeBundle(
  path: string,
  dataFolder: string,
  tell: (words: string) => void,
): Promise<LoadedBundle> {
  const loaded = await loadBundle(path, dataFolder, tell);
  if (loaded.manifest.models.length > 0)
    await withStore(dataFolder, ({ db }) => noteModels(db, loaded.manifest, dataFolder));
  for (const engine of loaded.manifest.engines) await noteEngine(engine, dataFolder);
  return loaded;
}

/** By their sources, so that deployments that name those need no network. */
async function noteModels(db: Db, { models, files }: BundleManifest, dataFolder: string): Promise<void> {
  const sizes = new Map(files.map(({ target, sizeBytes }) => [target, sizeBytes]));
  const known = await listModelFiles(db, workerId);
  for (const model of models) {
    const sizeBytes = model.files.reduce((sum, target) => sum + (sizes.get(target) ?? 0), 0);
    await saveModelFile(db, toModelFile(model, { known, dataFolder, sizeBytes }));
  }
}

/** From then on it is an installation like any other. */
async function noteEngine(engine: BundleEngine, dataFolder: string): Promise<void> {
  const folder = join(dataFolder, engine.folder);
  if (isInstalled(folder)) return;
  await writeManifest({
    ...{ ...engine, name: 'llama-libraries', folder, command: [], libraries: [...engine.libraries] },
    runtimeFolders: engine.runtimeFolders.map((each) => join(folder, each)),
    notes: ['It came with a bundle.'],
    installedAt: systemClock.unixSeconds(),
  });
}

interface Surrounding {
  readonly known: readonly ModelFile[];
  readonly dataFolder: string;
  readonly sizeBytes: number;
}

function toModelFile(model: BundleModel, { known, dataFolder, sizeBytes }: Surrounding): ModelFile {
  const { source } = model;
  const same = known.find((each) => each.source && source && keyOfSource(each.source) === keyOfSource(source));
  return {
    ...model,
    ...{ id: same?.id ?? `mf_${randomHex(8)}`, workerId, origin: 'own', sizeBytes },
    files: model.files.map((target) => join(dataFolder, target)),
    createdAt: systemClock.unixSeconds(),
  };
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return isObject(manifest) ? String(manifest['version']) : '';
}
