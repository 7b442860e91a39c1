/** Which files on disk belong together as one model. */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../base/errors.ts';

const splitName = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;
const maxParts = 1_000;

/** What a folder of weights turns out to hold. */
export interface FolderContents {
  /** The first file of each model in GGUF form, by name; projectors for images are not models. */
  readonly models: readonly string[];
  readonly safetensors: boolean;
  readonly pickles: boolean;
}

/** Looks into a folder (not below it). */
export function lookIntoFolder(folder: string): FolderContents {
  const names = readdirSync(folder).sort();
  const gguf = names.filter((name) => /\.gguf$/i.test(name) && !/mmproj/i.test(name));
  const seen = new Set<string>();
  const models = gguf.filter((name) => {
    const family = splitName.exec(name)?.[1] ?? name;
    return !seen.has(family) && seen.add(family);
  });
  return {
    models: models.map((name) => join(folder, name)),
    safetensors: names.some((name) => name.endsWith('.safetensors')),
    pickles: names.some((name) => /\.(bin|pt|pth)$/.test(name)),
  };
}

/** Is there a folder at `path`? */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** All parts of the model to which the file at `path` belongs, in order; an error names the one that is missing. */
export function findParts(path: string): string[] {
  const [, family, , total] = splitName.exec(basename(path)) ?? [];
  if (family === undefined || total === undefined) return [path];
  const count = Number(total);
  if (count < 1 || count > maxParts)
    throw new ConfigError('model_unusable', `'${path}' claims to be one of ${count} parts, which cannot be.`);
  const suffix = path.slice(-'.gguf'.length);
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(5, '0');
    const part = join(dirname(path), `${family}-${number}-of-${total}${suffix}`);
    if (!existsSync(part))
      throw new ConfigError('model_unusable', `The model has ${count} parts and one is missing: '${part}'.`);
    return part;
  });
}
