/** What a model's files say of it, without loading it. */

import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isAppError } from '../../base/errors.ts';
import { quantisationIn } from '../bits-per-weight.ts';
import { hasAllWeights } from '../convert/weight-files.ts';
import { readGguf } from '../gguf.ts';
import { fileTypeName } from '../gguf-file-type.ts';
import { findParts } from '../gguf-files.ts';

/** A model as its files are; `problem` says why it cannot be served. */
export interface FilesDescription {
  /** Absolute, in order; the first is what an engine opens (a folder for safetensors). */
  readonly files: readonly string[];
  readonly form: 'gguf' | 'safetensors';
  readonly sizeBytes: number;
  readonly quantisation?: string;
  readonly architecture?: string;
  readonly problem?: string;
}

/** What was read of files that are as they were: a header takes some 20 ms, and lists are asked for often. */
export type FilesMemory = Map<string, FilesDescription | 'no model'>;

const mostRemembered = 5_000;

/** Describes the GGUF model that begins with `path`; undefined if it is no whole model (a projector, an adapter). */
export function describeGguf(path: string, named: string, memory: FilesMemory): FilesDescription | undefined {
  try {
    const files = findParts(path);
    const found = files.map((file) => statSync(file));
    const key = JSON.stringify([named, files, found.map(({ ino, size, mtimeMs }) => [ino, size, mtimeMs])]);
    const description = memory.get(key) ?? readDescription(files, named);
    if (memory.size >= mostRemembered) memory.clear();
    memory.set(key, description);
    return description === 'no model' ? undefined : description;
  } catch (error) {
    const problem = isAppError(error) ? error.message : 'Its files cannot be read.';
    return { files: [path], form: 'gguf', sizeBytes: sizeOf(path), problem };
  }
}

function readDescription(files: readonly string[], named: string): FilesDescription | 'no model' {
  const { metadata } = readGguf(files[0] ?? '');
  const architecture = metadata.get('general.architecture');
  if (architecture === 'clip' || ['mmproj', 'adapter'].includes(String(metadata.get('general.type'))))
    return 'no model';
  const quantisation = quantisationIn(named) ?? fileTypeName(metadata.get('general.file_type'));
  return {
    files,
    form: 'gguf',
    sizeBytes: files.reduce((sum, file) => sum + sizeOf(file), 0),
    ...(quantisation !== undefined && { quantisation }),
    ...(typeof architecture === 'string' && architecture !== '' && { architecture }),
  };
}

/** Describes the folder whose safetensors files have these sizes. */
export function describeSafetensors(folder: string, sizeBytes: number): FilesDescription {
  const architecture = architectureIn(join(folder, 'config.json'));
  const problem = problemIn(folder, architecture);
  const quantisation = quantisationIn(basename(folder));
  return {
    files: [folder],
    form: 'safetensors',
    sizeBytes,
    ...(quantisation !== undefined && { quantisation }),
    ...(architecture !== undefined && { architecture }),
    ...(problem !== undefined && { problem }),
  };
}

/** A download of another program may be half done. */
function problemIn(folder: string, architecture: string | undefined): string | undefined {
  if (architecture === undefined) return 'Its config.json is missing or names no architecture.';
  return hasAllWeights(folder) ? undefined : 'Some of its files of weights are missing.';
}

const largestConfig = 4 << 20;

/** `model_type` of a `config.json`: the word that GGUF calls the architecture. */
function architectureIn(path: string): string | undefined {
  try {
    const facts = statSync(path);
    // Reading a pipe would wait for ever.
    if (!facts.isFile() || facts.size > largestConfig) return undefined;
    const config: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const type =
      typeof config === 'object' && config !== null && 'model_type' in config ? config.model_type : undefined;
    return typeof type === 'string' && type !== '' ? type : undefined;
  } catch {
    return undefined;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
