/** What tells one state of a folder of weights from another, without reading the weights. */

import { createHash } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listWeightFiles } from './weight-files.ts';

/** Raised whenever the converter writes something else for the same weights. */
const converterVersion = 1;

const smallFiles = [
  'config.json',
  'generation_config.json',
  'model.safetensors.index.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.json',
  'merges.txt',
  'chat_template.jinja',
  'chat_template.json',
];

/** Where the conversions of a folder are kept (by its path), and which of them is that of its present files. */
export interface SourceKey {
  readonly place: string;
  readonly state: string;
}

/** Every file that a conversion of the folder reads, links followed. */
export function listSourceFiles(folder: string): string[] {
  return [...smallFiles, ...listWeightFiles(folder)]
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
}

/** Looks at names, sizes and times: a writer can set that of its content, but not that of its entry. */
export function keyOfFolder(folder: string): SourceKey {
  const real = realpathSync(folder);
  const files = listSourceFiles(real).map((path) => {
    const { size, mtimeMs, ctimeMs } = statSync(path);
    return [path, size, mtimeMs, ctimeMs];
  });
  return { place: hash(real), state: hash(JSON.stringify([converterVersion, files])) };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
