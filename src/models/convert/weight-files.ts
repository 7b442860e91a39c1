/** Which files of a folder hold the weights, and all tensors in them. */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../../base/json.ts';
import { readJson } from './read-json.ts';
import { readSafetensors, type SourceTensor } from './safetensors.ts';
import { Unconvertible } from './unconvertible.ts';

const indexName = 'model.safetensors.index.json';
const singleName = 'model.safetensors';
const mostFiles = 1_000;

/** Tensors by name. */
export type Weights = ReadonlyMap<string, SourceTensor>;

/** The names of the files with weights, in order. */
export function listWeightFiles(folder: string): string[] {
  const index = readJson(folder, indexName);
  const names = index === undefined ? singleFile(folder) : [...new Set(Object.values(readWeightMap(index)))].sort();
  if (names.length === 0 || names.length > mostFiles)
    throw new Unconvertible(`it names ${names.length} files of weights`);
  for (const name of names) {
    // Links are followed: the cache of the hub consists of them.
    if (!/^[\w-][\w.-]*\.safetensors$/.test(name)) throw new Unconvertible(`its ${indexName} leads out of its folder`);
    if (statSync(join(folder, name), { throwIfNoEntry: false }) === undefined)
      throw new Unconvertible(`its file ${name} is missing (download it again)`);
  }
  return names;
}

/** Is everything there that its index names? */
export function hasAllWeights(folder: string): boolean {
  try {
    return listWeightFiles(folder).length > 0;
  } catch (thrown) {
    if (thrown instanceof Unconvertible) return false;
    throw thrown;
  }
}

/** All tensors of the folder. */
export function readWeights(folder: string): Weights {
  const weights = new Map<string, SourceTensor>();
  for (const file of listWeightFiles(folder))
    for (const tensor of readSafetensors(join(folder, file))) {
      if (weights.has(tensor.name)) throw new Unconvertible(`it holds the tensor '${tensor.name}' twice`);
      weights.set(tensor.name, tensor);
    }
  const index = readJson(folder, indexName);
  for (const [name, file] of Object.entries(index === undefined ? {} : readWeightMap(index)))
    if (weights.get(name)?.path !== join(folder, file))
      throw new Unconvertible(`its ${file} lacks the tensor '${name}'`);
  return weights;
}

function readWeightMap({ weight_map: map }: Record<string, unknown>): Record<string, string> {
  const isMap = (value: unknown): value is Record<string, string> =>
    isObject(value) && Object.values(value).every((item) => typeof item === 'string');
  if (!isMap(map)) throw new Unconvertible(`its ${indexName} has no map of weights`);
  return map;
}

function singleFile(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.safetensors'));
  if (names.includes(singleName)) return [singleName];
  if (names.length > 1) throw new Unconvertible(`it holds ${names.length} files of weights and no ${indexName}`);
  return names;
}
