/** Finds llama.cpp's libraries, loads them, and makes sure that they are the version we know. */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../base/errors.ts';
import {
  bindLibrary,
  knownContextDefaults,
  knownModelDefaults,
  type Library,
  layoutSizes,
  libraryFolder,
  type NativeLog,
} from './layouts.ts';
import { libraryPackage, llamaVersion, packageVersion } from './library-version.ts';
import type { Offload } from './offload.ts';
import type { GpuSettings } from './settings.ts';

/** What the file names of the backends begin with; the rest names the processor family. */
const backendPrefix = 'libggml-cpu-';

const whatWorks = 'The embedded engine runs on Linux on x64 processors with glibc (not musl, as in Alpine).';

/** Loads and checks the libraries; throws ConfigError('device_unavailable') that says what is wrong. */
export function openLibrary(log: NativeLog, gpu: GpuSettings | null = null): Library {
  const folder = gpu?.folder ?? findFolder();
  const library = loadFrom(folder, gpu?.accelerator);
  checkLayouts(library);
  library.log(log);
  library.start(folder);
  if (library.processor() === undefined)
    throw unavailable(`llama.cpp found no backend for this processor in ${folder}.`);
  return library;
}

/** Device, library variant, threads and offloaded layers in one line, for people. */
export function describeDevice(library: Library, threads: number, offload?: Offload): string {
  const variant = new RegExp(`${backendPrefix}([\\w-]+)\\.so`).exec(readFileSync('/proc/self/maps', 'utf8'))?.[1] ?? '';
  const processor = (library.processor() ?? '').trim();
  const rest = `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  if (offload === undefined) return `CPU ${processor}, llama.cpp ${llamaVersion} ${variant}, ${rest}`;
  const { accelerator, gpus, layers, allLayers } = offload;
  // A GPU must never be left idle in silence.
  if (gpus.length === 0)
    return `CPU ${processor}, llama.cpp ${llamaVersion} ${variant}, ${rest} (GPU not used: the ${accelerator} libraries found none; is its driver installed?)`;
  const where = layers < allLayers ? ` beside CPU ${processor}` : '';
  return `${gpus.join(' + ')}, llama.cpp ${llamaVersion} ${accelerator}, ${layers} of ${allLayers} layers${where}, ${rest}`;
}

function findFolder(): string {
  const root = packageRoot();
  const description: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const found =
    typeof description === 'object' && description !== null && 'version' in description ? description.version : '?';
  if (found !== packageVersion)
    throw unavailable(
      `${libraryPackage} is installed as version ${String(found)}, but this program knows ${packageVersion} only. ` +
        `Install ${libraryPackage}@${packageVersion}.`,
    );
  return join(root, libraryFolder);
}

function packageRoot(): string {
  const machine = `${process.platform}-${process.arch}`;
  if (machine !== 'linux-x64') throw unavailable(`This machine is ${machine}. ${whatWorks}`);
  try {
    let folder = dirname(createRequire(import.meta.url).resolve(libraryPackage));
    while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
    return folder;
  } catch (cause) {
    const fix = `Install it with: npm install ${libraryPackage}@${packageVersion}`;
    throw unavailable(`The package ${libraryPackage} is not installed. ${fix}. ${whatWorks}`, cause);
  }
}

function loadFrom(folder: string, accelerator: string | undefined): Library {
  try {
    return bindLibrary(folder, accelerator);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw unavailable(`The libraries in ${folder} cannot be loaded: ${reason} ${whatWorks}`, cause);
  }
}

function checkLayouts(library: Library): void {
  const version = library.version();
  const wrong = [
    ...(version === llamaVersion ? [] : [`version ${version}`]),
    ...layoutSizes.filter(([, actual, expected]) => actual !== expected).map(([name]) => `size of ${name}`),
    ...differences(library.modelDefaultParams(), knownModelDefaults),
    ...differences(library.contextDefaultParams(), knownContextDefaults),
  ];
  if (wrong.length === 0) return;
  throw unavailable(
    `llama.cpp in ${libraryPackage} is not what this program knows (llama.cpp ${llamaVersion} of package ` +
      `${packageVersion}): ${wrong.join(', ')}. Install ${libraryPackage}@${packageVersion} again.`,
  );
}

function differences(actual: Readonly<Record<string, unknown>>, known: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(known)
    .filter((field) => actual[field] !== known[field])
    .map((field) => `${field} = ${String(actual[field])} instead of ${String(known[field])}`);
}

function unavailable(message: string, cause?: unknown): ConfigError {
  return new ConfigError('device_unavailable', message, { cause });
}
