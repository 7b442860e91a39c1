/** What is noted of an engine that we installed: written last, so that half an installation is none. */

import { existsSync } from 'node:fs';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/schema';
import type { EngineProgram } from '../fleet/engine.ts';

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });

/** The note, in `manifest.json` of the installation's folder. */
const manifestSchema = Type.Object({
  id: Type.String({ pattern: '^eng_[0-9a-f]{16}$' }),
  name: Type.Enum(['vllm', 'llama-box', 'llama-libraries']),
  version: text(64),
  accelerator: Type.Optional(Type.Enum(['cpu', 'cuda', 'rocm', 'vulkan', 'metal'])),
  folder: text(4_096),
  command: Type.Array(text(4_096), { maxItems: 16 }),
  /** File names of shared libraries in `folder`. */
  libraries: Type.Array(text(256), { maxItems: 256 }),
  /** Folders whose libraries those need, e.g. CUDA's. */
  runtimeFolders: Type.Array(text(4_096), { maxItems: 16 }),
  /** What was done that is worth knowing. */
  notes: Type.Array(Type.String({ maxLength: 1_000 }), { maxItems: 16 }),
  sizeBytes: Type.Integer({ minimum: 0 }),
  installedAt: Type.Integer(),
});

/** An installation that is whole. */
export type EngineManifest = Static<typeof manifestSchema>;

const manifestName = 'manifest.json';
const maxManifestBytes = 256 << 10;
const programs: readonly EngineProgram[] = ['vllm', 'llama-box', 'llama-libraries'];

/** Where a version lies: below the folder of all engines. */
export function installFolder(enginesFolder: string, name: EngineProgram, version: string): string {
  return join(enginesFolder, name, version);
}

/** Is there a whole installation? */
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

/** Undefined = there is none, or not one of ours. */
async function readManifest(folder: string): Promise<EngineManifest | undefined> {
  try {
    const content = await readFile(join(folder, manifestName));
    if (content.length > maxManifestBytes) return undefined;
    const value: unknown = JSON.parse(content.toString('utf8'));
    // A data directory may have been moved: where it lies now counts.
    return isManifest(value) && value.folder === folder ? value : undefined;
  } catch {
    return undefined;
  }
}

function isManifest(value: unknown): value is EngineManifest {
  return Check(manifestSchema, value);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}
