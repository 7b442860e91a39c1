/** What a model's files say of it, without loading it. */

import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isAppError } from '../../base/errors.ts';
import { quantisationIn } from '../bits-per-weight.ts';
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

/** Describes the GGUF model that begins with `path`; undefined if it is a part of a model only (a projector, an adapter). */
export function describeGguf(path: string, named: string): FilesDescription | undefined {
  try {
    const files = findParts(path);
    const sizeBytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
    const { metadata } = readGguf(files[0] ?? path);
    const architecture = metadata.get('general.architecture');
    if (architecture === 'clip' || ['mmproj', 'adapter'].includes(String(metadata.get('general.type'))))
      return undefined;
    const quantisation = quantisationIn(named) ?? fileTypeName(metadata.get('general.file_type'));
    return {
      files,
      form: 'gguf',
      sizeBytes,
      ...(quantisation !== undefined && { quantisation }),
      ...(typeof architecture === 'string' && architecture !== '' && { architecture }),
    };
  } catch (error) {
    const problem = isAppError(error) ? error.message : 'Its files cannot be read.';
    return { files: [path], form: 'gguf', sizeBytes: sizeOf(path), problem };
  }
}

/** Describes the folder whose safetensors files have these sizes. */
export function describeSafetensors(folder: string, sizeBytes: number): FilesDescription {
  const architecture = architectureIn(join(folder, 'config.json'));
  const quantisation = quantisationIn(basename(folder));
  return {
    files: [folder],
    form: 'safetensors',
    sizeBytes,
    ...(quantisation !== undefined && { quantisation }),
    ...(architecture === undefined
      ? { problem: 'Its config.json is missing or names no architecture.' }
      : { architecture }),
  };
}

const largestConfig = 4 << 20;

/** `model_type` of a `config.json`: the word that GGUF calls the architecture. */
function architectureIn(path: string): string | undefined {
  try {
    if (statSync(path).size > largestConfig) return undefined;
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
