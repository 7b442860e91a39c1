/** Finds the models that this and other programs have on this machine; reads only, and leaves them where they are. */

import { realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { ModelSource } from '../../fleet/model-source.ts';
import { describeGguf, describeSafetensors, type FilesDescription, type FilesMemory } from './describe-files.ts';
import type { DiskOrigin, ModelPlace } from './model-places.ts';
import { readOllamaModels } from './ollama-models.ts';
import { pathInRepository, repositoryOf } from './repository-name.ts';
import { type FoundFile, walkFolder } from './walk-folder.ts';

/** A model on this machine, to be served in place. */
export interface OnDiskModel extends FilesDescription {
  readonly origin: DiskOrigin;
  /** For people: `owner/name:Q4_K_M`, `qwen3:8b`, or the file's name. */
  readonly name: string;
  /** Where it came from, if its place tells. */
  readonly source?: ModelSource;
}

/** What a search may use besides. */
export interface SearchAids {
  /** Kept by the caller from search to search. */
  readonly memory?: FilesMemory;
  /** Is told what was not looked at, in a sentence. */
  readonly note?: (sentence: string) => void;
}

const mostModels = 2_000;
/** A folder on a network that hangs must not hold up a list. */
const timeLimitMs = 20_000;

/** All models of these places, each once; ends early, with a note, at its limits. */
export async function findModelsOnDisk(
  places: readonly ModelPlace[],
  signal: AbortSignal,
  { memory = new Map(), note = () => {} }: SearchAids = {},
): Promise<OnDiskModel[]> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeLimitMs)]);
  const found: OnDiskModel[] = [];
  const search: Search = { memory, seen: new Set() };
  for (const place of places) {
    const candidates = await candidatesIn(place, limited, note);
    for (const candidate of candidates) {
      signal.throwIfAborted();
      if (found.length >= mostModels || limited.aborted) {
        note(`Not all models on this machine are listed: there are very many, or reading them takes too long.`);
        return found;
      }
      const model = await describe(candidate, search);
      if (model !== undefined) found.push(model);
    }
  }
  signal.throwIfAborted();
  return found;
}

interface Search {
  readonly memory: FilesMemory;
  /** What is listed already. */
  readonly seen: Set<string>;
}

/** A model before its files were read. */
interface Candidate {
  readonly origin: DiskOrigin;
  /** The first GGUF file, or the folder of safetensors. */
  readonly path: string;
  readonly name?: string;
  readonly repository?: string | undefined;
  /** The file's path below its place. */
  readonly below?: string;
  /** Of a folder of safetensors. */
  readonly safetensorsBytes?: number;
  readonly problem?: string;
}

type Note = (sentence: string) => void;

async function candidatesIn(place: ModelPlace, signal: AbortSignal, note: Note): Promise<Candidate[]> {
  const { origin, folder } = place;
  const { candidates, isComplete } =
    origin === 'ollama' ? await ollamaCandidates(folder, signal) : await fileCandidates(place, signal);
  if (!isComplete)
    note(`'${folder}' was not searched to its end: it holds very many files, or takes too long to read.`);
  return candidates;
}

async function ollamaCandidates(folder: string, signal: AbortSignal) {
  const { models, isComplete } = await readOllamaModels(folder, signal);
  const candidates = models.map(({ name, blob, problem }): Candidate => {
    const path = blob ?? '';
    return { origin: 'ollama', path, name, ...(problem !== undefined && { problem }) };
  });
  return { candidates, isComplete };
}

/** GGUF files (the first part of split ones) and folders that hold safetensors. */
async function fileCandidates({ origin, folder }: ModelPlace, signal: AbortSignal) {
  const isWeights = (name: string) => /\.(gguf|safetensors)$/i.test(name);
  const { files, isComplete } = await walkFolder(folder, isWeights, signal);
  const gguf = files.filter(({ below }) => isFirstOfModel(below));
  const candidates = gguf.map(({ path, below }): Candidate => {
    return { origin, path, below, repository: repositoryOf(origin, below) };
  });
  return { candidates: [...candidates, ...safetensorsIn(files, origin)], isComplete };
}

function isFirstOfModel(below: string): boolean {
  const name = basename(below);
  const [, part] = /-(\d{5})-of-\d{5}\.gguf$/i.exec(name) ?? [];
  return /\.gguf$/i.test(name) && !/mmproj/i.test(name) && (part === undefined || part === '00001');
}

function safetensorsIn(files: readonly FoundFile[], origin: DiskOrigin): Candidate[] {
  const folders = new Map<string, Candidate>();
  for (const { path, below, sizeBytes } of files) {
    if (!/\.safetensors$/i.test(below) || /^adapter_model/i.test(basename(below))) continue;
    const folder = dirname(path);
    const sofar = folders.get(folder)?.safetensorsBytes ?? 0;
    const repository = repositoryOf(origin, below);
    folders.set(folder, { origin, path: folder, repository, safetensorsBytes: sofar + sizeBytes });
  }
  return [...folders.values()];
}

/** Reads the files; undefined for what is listed already, is gone, or is no whole model. */
async function describe(candidate: Candidate, { memory, seen }: Search): Promise<OnDiskModel | undefined> {
  const { origin, path, name, problem, safetensorsBytes } = candidate;
  if (problem !== undefined) return { origin, name: name ?? path, files: [], form: 'gguf', sizeBytes: 0, problem };
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined && name === undefined) return undefined;
  // Ollama may have two names for the same weights; elsewhere it is the same file in two revisions.
  const identity = `${name ?? ''}\n${real ?? path}`;
  if (seen.has(identity)) return undefined;
  seen.add(identity);
  const named = name ?? basename(path);
  const files =
    safetensorsBytes === undefined ? describeGguf(path, named, memory) : describeSafetensors(path, safetensorsBytes);
  if (files === undefined) return undefined;
  const source = sourceOf(candidate, files);
  return { origin, name: name ?? nameOf(candidate, files), ...files, ...(source !== undefined && { source }) };
}

function nameOf({ repository, path }: Candidate, { form, quantisation }: FilesDescription): string {
  const bare = basename(path).replace(/(-00001-of-\d{5})?\.gguf$/i, '');
  if (repository === undefined) return bare;
  return form === 'safetensors' ? repository : `${repository}:${quantisation ?? bare}`;
}

/** LM Studio's folders are named like repositories, but people put files of their own there too. */
function sourceOf({ origin, repository, below }: Candidate, { form }: FilesDescription): ModelSource | undefined {
  if (repository === undefined || origin === 'lm-studio') return undefined;
  const hub = origin === 'modelscope' ? 'modelscope' : 'huggingface';
  const file = form === 'gguf' && below !== undefined ? { file: pathInRepository(below) } : {};
  return { kind: 'hub', hub, repository, ...file };
}
