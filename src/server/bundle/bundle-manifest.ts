/** What a bundle says of itself: its first file, by which all others are checked. */

import { Field } from '../../base/decode.ts';
import { RequestError } from '../../base/errors.ts';
import type { EngineAccelerator } from '../../fleet/engine.ts';
import { isModelSource, type ModelSource } from '../../fleet/model-source.ts';
import { toSafePath } from '../../outbound/safe-name.ts';

/** A file of a bundle. */
export interface BundleFile {
  /** In the bundle. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Where it belongs, below the data directory; absent = to the program itself. */
  readonly target?: string;
}

/** A model of a bundle, as the platform knows those that it has fetched. */
export interface BundleModel {
  readonly name: string;
  /** By which deployments ask for it; absent = by its path only. */
  readonly source?: ModelSource;
  readonly quantisation?: string;
  /** Targets of its files, the first is what an engine opens. */
  readonly files: readonly string[];
}

/** Libraries of an engine, which run wherever they lie. */
export interface BundleEngine {
  readonly id: string;
  readonly version: string;
  readonly accelerator: EngineAccelerator;
  /** Below the data directory. */
  readonly folder: string;
  /** Names of files in the folder. */
  readonly libraries: readonly string[];
  /** Paths in the folder. */
  readonly runtimeFolders: readonly string[];
  readonly sizeBytes: number;
}

/** What a bundle holds. */
export interface BundleManifest {
  readonly format: 1;
  readonly product: 'aimindserve';
  readonly version: string;
  /** As Node says it: `linux-x64`; the program and its libraries run nowhere else. */
  readonly platform: string;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly files: readonly BundleFile[];
  readonly models: readonly BundleModel[];
  readonly engines: readonly BundleEngine[];
}

/** The folder that everything in a bundle lies in. */
export const bundleFolder = 'aimindserve-bundle';
/** The first file of a bundle. */
export const manifestName = 'manifest.json';
/** Where the libraries of the embedded engine lie. */
export const librariesFolder = 'engines/llama-libraries/';
/** Files may be placed below these folders of the data directory, and nowhere else. */
const targetFolders: readonly string[] = ['models/', 'wheels/', librariesFolder];

const maxWordsLength = 300;

/** Reads it as a stranger's: throws for what is none, and for any path that leads elsewhere. */
export function readBundleManifest(json: string): BundleManifest {
  const field = new Field(parse(json));
  const manifest: BundleManifest = {
    format: readFormat(field.get('format')),
    product: field.get('product').oneOf(['aimindserve']),
    version: readWords(field.get('version')),
    platform: readWords(field.get('platform')),
    createdAt: field.get('createdAt').integer(0),
    files: field.get('files').items().map(readFile),
    models: field.get('models').items().map(readModel),
    engines: field.get('engines').items().map(readEngine),
  };
  const names = new Set(manifest.files.map(({ name }) => name));
  if (names.size !== manifest.files.length) throw field.get('files').invalid('names one file twice');
  checkPlaces(field.get('files'));
  const targets = new Set(manifest.files.map(({ target }) => target));
  for (const each of field.get('models').items())
    for (const file of each.get('files').items())
      if (!targets.has(file.string())) throw file.invalid('is not among the files of the bundle');
  return manifest;
}

/** What programs and libraries of this machine are built for. */
export function thisPlatform(): string {
  return `${process.platform}-${process.arch}`;
}

/** The same as lines for `sha256sum --check`. */
export function printChecksums(files: readonly Pick<BundleFile, 'name' | 'sha256'>[]): string {
  return files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new RequestError('invalid_value', 'The bundle cannot be used: its manifest.json is not JSON.');
  }
}

function readFormat(field: Field): 1 {
  if (field.integer(1) === 1) return 1;
  throw field.invalid('is newer than this program; load it with the version that is in the bundle (sh install.sh)');
}

function readFile(field: Field): BundleFile {
  const sha256 = field.get('sha256');
  if (!/^[0-9a-f]{64}$/.test(sha256.string())) throw sha256.invalid('must be 64 hexadecimal digits');
  const target = field.get('target').optional(readTarget);
  return {
    name: readPath(field.get('name')),
    sizeBytes: field.get('sizeBytes').integer(0, Number.MAX_SAFE_INTEGER),
    sha256: sha256.string(),
    ...(target !== undefined && { target }),
  };
}

/** No two files may need one place, be it as a file or as a folder. */
function checkPlaces(files: Field): void {
  const targets = files.items().map((file) => file.get('target'));
  const folders = new Set(targets.flatMap(({ value }) => foldersOf(String(value ?? ''))));
  const taken = new Set<unknown>();
  for (const target of targets) {
    if (target.isAbsent) continue;
    if (taken.has(target.value) || folders.has(String(target.value)))
      throw target.invalid('is the place of another file too');
    taken.add(target.value);
  }
}

function foldersOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** What is shown to people, on terminals too. */
function readWords(field: Field): string {
  const words = field.string();
  if (words.length <= maxWordsLength && !/\p{Cc}/u.test(words)) return words;
  throw field.invalid(`must have at most ${maxWordsLength} characters, and none that steer terminals`);
}

function readModel(field: Field): BundleModel {
  const files = field.get('files').items().map(readTarget);
  if (files.length === 0) throw field.get('files').invalid('must not be empty');
  const source = field.get('source').optional(readSource);
  const quantisation = field.get('quantisation').optional(readWords);
  return {
    name: readWords(field.get('name')),
    files,
    ...(source !== undefined && { source }),
    ...(quantisation !== undefined && { quantisation }),
  };
}

function readEngine(field: Field): BundleEngine {
  const id = field.get('id');
  if (!/^eng_[0-9a-f]{16}$/.test(id.string())) throw id.invalid('is no name of an engine');
  const folder = field.get('folder');
  if (!readTarget(folder).startsWith(librariesFolder)) throw folder.invalid(`must begin with '${librariesFolder}'`);
  return {
    id: id.string(),
    version: readWords(field.get('version')),
    accelerator: field.get('accelerator').oneOf<EngineAccelerator>(['cpu', 'cuda', 'rocm', 'vulkan', 'metal']),
    folder: folder.string(),
    libraries: field.get('libraries').items().map(readPath),
    runtimeFolders: field.get('runtimeFolders').items().map(readPath),
    sizeBytes: field.get('sizeBytes').integer(0, Number.MAX_SAFE_INTEGER),
  };
}

function readSource(field: Field): ModelSource {
  if (isModelSource(field.value)) return field.value;
  throw field.invalid('is not where a model comes from');
}

function readTarget(field: Field): string {
  const path = readPath(field);
  // What is installed says so in this file: it is written last, and by us.
  if (path.startsWith(librariesFolder) && path.endsWith('/manifest.json')) throw field.invalid('is written by us');
  if (targetFolders.some((folder) => path.startsWith(folder))) return path;
  throw field.invalid(`must begin with ${targetFolders.map((folder) => `'${folder}'`).join(' or ')}`);
}

function readPath(field: Field): string {
  try {
    return toSafePath(field.string());
  } catch {
    throw field.invalid(`${JSON.stringify(String(field.value).slice(0, 100))} could lead out of its folder`);
  }
}
