/** What is noted of an engine that we installed: written last, so that half an installation is none. */

import { existsSync } from 'node:fs';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Field } from '../../base/decode.ts';
import type { EngineAccelerator, EngineProgram } from '../../fleet/engine.ts';

/** An installation that is whole: the note in `manifest.json` of its folder. */
export interface EngineManifest {
  readonly id: string;
  readonly name: EngineProgram;
  readonly version: string;
  readonly accelerator?: EngineAccelerator;
  readonly folder: string;
  /** What starts it; empty for libraries. */
  readonly command: readonly string[];
  /** File names of shared libraries in `folder`. */
  readonly libraries: readonly string[];
  /** Folders whose libraries those need, e.g. CUDA's. */
  readonly runtimeFolders: readonly string[];
  /** What was done that is worth knowing. */
  readonly notes: readonly string[];
  readonly sizeBytes: number;
  /** Unix seconds. */
  readonly installedAt: number;
}

const manifestName = 'manifest.json';
const maxManifestBytes = 256 << 10;
const programs: readonly EngineProgram[] = ['vllm', 'llama-box', 'llama-libraries'];
const accelerators: readonly EngineAccelerator[] = ['cpu', 'cuda', 'rocm', 'vulkan', 'metal'];

/** Where a version lies: below the folder of all engines. */
export function installFolder(enginesFolder: string, name: EngineProgram, version: string): string {
  return join(enginesFolder, name, version);
}

/** Is there an installation that was once whole? */
export function isInstalled(folder: string): boolean {
  return existsSync(join(folder, manifestName));
}

/** Makes an installation count; what is on the disk then survives a power cut. */
export async function writeManifest(manifest: EngineManifest): Promise<void> {
  const path = join(manifest.folder, manifestName);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(manifest, undefined, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

/** All installations that are whole. */
export async function readManifests(enginesFolder: string): Promise<readonly EngineManifest[]> {
  const found: EngineManifest[] = [];
  for (const { folder, program } of await foldersIn(enginesFolder)) {
    const manifest = await readManifest(folder);
    if (manifest?.name === program) found.push(manifest);
  }
  return found;
}

/** Removes what an installation left that was cut short; none may be under way. */
export async function removeHalves(enginesFolder: string): Promise<void> {
  for (const { folder } of await foldersIn(enginesFolder))
    if (!isInstalled(folder)) await rm(folder, { recursive: true, force: true });
}

interface VersionFolder {
  readonly folder: string;
  readonly program: EngineProgram;
}

async function foldersIn(enginesFolder: string): Promise<readonly VersionFolder[]> {
  const all: VersionFolder[] = [];
  for (const program of programs)
    for (const version of await namesIn(join(enginesFolder, program)))
      all.push({ folder: installFolder(enginesFolder, program, version), program });
  return all;
}

/** The installation in a folder; undefined = there is none, or it was made at another place and would not run at this one. */
export async function readManifest(folder: string): Promise<EngineManifest | undefined> {
  try {
    const content = await readFile(join(folder, manifestName));
    if (content.length > maxManifestBytes) return undefined;
    const manifest = parseManifest(new Field(JSON.parse(content.toString('utf8'))));
    return manifest.folder === folder ? manifest : undefined;
  } catch {
    return undefined;
  }
}

function parseManifest(note: Field): EngineManifest {
  const strings = (name: string): readonly string[] =>
    note
      .get(name)
      .items()
      .map((item) => item.string());
  const accelerator = note.get('accelerator').optional((field) => field.oneOf(accelerators));
  return {
    id: note.get('id').string(),
    name: note.get('name').oneOf(programs),
    version: note.get('version').string(),
    folder: note.get('folder').string(),
    command: strings('command'),
    libraries: strings('libraries'),
    runtimeFolders: strings('runtimeFolders'),
    notes: strings('notes'),
    sizeBytes: note.get('sizeBytes').integer(0),
    installedAt: note.get('installedAt').integer(),
    ...(accelerator !== undefined && { accelerator }),
  };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}
