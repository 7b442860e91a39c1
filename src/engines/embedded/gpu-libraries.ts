/** llama.cpp's libraries that compute on GPUs, where they were installed into the data directory. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Field } from '../../base/decode.ts';
import { packageVersion } from './library-version.ts';

/** By what they compute. */
export type Accelerator = 'cuda' | 'vulkan' | 'metal';

/** One installation of them. */
export interface GpuLibraries {
  readonly accelerator: Accelerator;
  readonly folder: string;
  /** Where the libraries lie that those need, e.g. CUDA's. */
  readonly runtimeFolders: readonly string[];
}

/** The better first: made for the device, rather than for any. */
const accelerators: readonly Accelerator[] = ['cuda', 'metal', 'vulkan'];
const largestManifest = 256 << 10;

/** Those below the folder of all engines that this program knows how to call; what cannot be read does not count. */
export function findGpuLibraries(enginesFolder: string): readonly GpuLibraries[] {
  const home = join(enginesFolder, 'llama-libraries');
  const found = namesIn(home).flatMap((name) => readManifest(join(home, name)) ?? []);
  return accelerators.flatMap((wanted) => found.filter(({ accelerator }) => accelerator === wanted).slice(0, 1));
}

/** Layouts belong to one version: another one's libraries would be called wrongly. */
function readManifest(folder: string): GpuLibraries | undefined {
  try {
    const path = join(folder, 'manifest.json');
    if (statSync(path).size > largestManifest) return undefined;
    const manifest = new Field(JSON.parse(readFileSync(path, 'utf8')));
    const version = manifest.get('version').string();
    if (version !== packageVersion && !version.startsWith(`${packageVersion}-`)) return undefined;
    return {
      accelerator: manifest.get('accelerator').oneOf(accelerators),
      folder: manifest.get('folder').string(),
      runtimeFolders: manifest
        .get('runtimeFolders')
        .items()
        .map((item) => item.string()),
    };
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
