/** What a bundle takes along for the data directory: models that were fetched or lie here, libraries and wheels of engines. */

import { existsSync, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { RequestError } from '../../base/errors.ts';
import type { ModelFile } from '../../fleet/download.ts';
import { describeSource } from '../../fleet/model-source.ts';
import { findParts } from '../../models/gguf-files.ts';
import { findSafetensors, resolveModel } from '../../models/resolve-model.ts';
import { type EngineManifest, readManifests } from '../../operating/installing/engine-manifest.ts';
import type { BundleEngine, BundleModel } from './bundle-manifest.ts';

/** One thing that goes along. */
export interface BundleExtra {
  readonly files: ReadonlyArray<{ readonly path: string; readonly target: string }>;
  readonly model?: BundleModel;
  readonly engine?: BundleEngine;
}

/** How a model is looked for. */
export interface ModelSearch {
  /** Those that the platform has fetched. */
  readonly known: readonly ModelFile[];
  readonly dataFolder: string;
  /** Paths are below it. */
  readonly folder: string;
}

/** What a folder of safetensors needs: the weights, and what tells how to read and ask them. */
const besideWeights = /\.(?:safetensors|json|jinja|txt|model)$/;

/** Finds what a person names: a fetched model by its name or source, or a file or folder by its path. */
export function findModel(wanted: string, search: ModelSearch): BundleExtra {
  const fits = ({ name, id, source }: ModelFile): boolean =>
    [name, id, source && describeSource(source)].includes(wanted);
  const fetched = search.known.filter(fits);
  const [first] = fetched;
  if (first !== undefined) return fetchedModel(first, search);
  if (existsSync(resolve(search.folder, wanted))) return modelAt(wanted, search.folder);
  const names = search.known.map(({ name }) => `\n  ${name}`).join('');
  const known = names === '' ? 'None was fetched yet.' : `Fetched are:${names}`;
  const others = 'What was not fetched goes by its path (aimindserve models list).';
  throw new RequestError('not_found', `There is no model '${wanted}', and no file of this path. ${known}\n${others}`);
}

/** Finds installed libraries by `llama-libraries`, or by version, as `aimindserve engine list` shows them. */
export async function findEngines(wanted: string, dataFolder: string): Promise<readonly BundleExtra[]> {
  if (wanted === 'vllm') {
    const message =
      "An installed vLLM runs only where it was installed. Take its wheels: 'pip download vllm -d FOLDER', then --wheels FOLDER.";
    throw new RequestError('invalid_value', message);
  }
  const installed = await readManifests(join(dataFolder, 'engines'));
  const found = installed.filter(({ name, version }) => name === 'llama-libraries' && fits(wanted, version));
  if (found.length > 0) return Promise.all(found.map((engine) => engineOf(engine, dataFolder)));
  const message = `There are no installed libraries '${wanted}'; aimindserve engine list shows what there is.`;
  throw new RequestError('not_found', message);
}

function fits(wanted: string, version: string): boolean {
  return ['llama', 'llama-libraries', version].includes(wanted);
}

async function engineOf(engine: EngineManifest, dataFolder: string): Promise<BundleExtra> {
  const { id, version, accelerator = 'cpu', folder, libraries, runtimeFolders, sizeBytes } = engine;
  const place = slashed(relative(dataFolder, folder));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => slashed(relative(folder, join(parentPath, name))))
    .filter((name) => name !== 'manifest.json');
  const inside = runtimeFolders.map((each) => slashed(relative(folder, each)));
  return {
    files: names.map((name) => ({ path: join(folder, name), target: `${place}/${name}` })),
    engine: { id, version, accelerator, folder: place, libraries, runtimeFolders: inside, sizeBytes },
  };
}

function slashed(path: string): string {
  return path.split(sep).join('/');
}

/** All wheels of a folder, for `aimindserve engine install vllm --wheels`. */
export async function findWheels(folder: string): Promise<BundleExtra> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.whl')).sort();
  if (names.length === 0)
    throw new RequestError('not_found', `There are no wheels (*.whl) in ${folder}; pip download puts them there.`);
  return { files: names.map((name) => ({ path: join(folder, name), target: `wheels/${name}` })) };
}

function fetchedModel({ files, name, source, quantisation }: ModelFile, { dataFolder }: ModelSearch): BundleExtra {
  const gone = files.find((path) => !existsSync(path));
  if (gone !== undefined) throw new RequestError('not_found', `The model '${name}' is not whole: ${gone} is gone.`);
  const all = files.map((path) => ({ path, target: targetIn(dataFolder, path) }));
  return {
    files: all,
    model: {
      name,
      files: all.map(({ target }) => target),
      ...(source !== undefined && { source }),
      ...(quantisation !== undefined && { quantisation }),
    },
  };
}

/** At the same place below the other data directory. */
function targetIn(dataFolder: string, path: string): string {
  const way = slashed(relative(dataFolder, path));
  return way.startsWith('models/') ? way : `models/local/${basename(path)}`;
}

function modelAt(wanted: string, folder: string): BundleExtra {
  const weights = findSafetensors(wanted, folder);
  if (weights !== undefined) {
    const names = readdirSync(weights).filter((name) => besideWeights.test(name));
    const target = `models/local/${basename(weights)}`;
    return { files: names.map((name) => ({ path: join(weights, name), target: `${target}/${name}` })) };
  }
  const files = findParts(resolveModel(wanted, folder));
  const parent = files.length > 1 ? `${basename(dirname(files[0] ?? ''))}/` : '';
  return { files: files.map((path) => ({ path, target: `models/local/${parent}${basename(path)}` })) };
}
