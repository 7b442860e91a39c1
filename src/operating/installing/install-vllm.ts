/** Installs vLLM into a Python environment of its own: checked before anything large is fetched, proven before it counts. */

import { join } from 'node:path';
import { ConfigError, UnavailableError } from '../../base/errors.ts';
import {
  cudaOf,
  driverRefusal,
  overridesFor,
  type VllmAccelerator,
  vllmModule,
  vllmPackages,
  vllmProof,
} from '../../engines/vllm/packages.ts';
import type { EngineWish } from '../../fleet/engine.ts';
import type { Installed, Installer, InstallTools } from './install-job.ts';
import { findPython, openPackages, type Packages } from './install-python.ts';
import { sizeOfFolder } from './size-of-folder.ts';

/** What must be known of the machine. */
export interface VllmMachine {
  /** The driver of NVIDIA's GPUs; undefined = there is none. */
  readonly driver: () => Promise<string | undefined>;
  readonly freeBytes: (folder: string) => Promise<number>;
}

const proofMs = 600_000;
const gigabyte = 1e9;

/** Makes the installer. */
export function createVllmInstaller(machine: VllmMachine): Installer {
  return async (wish, tools) => {
    const driver = await machine.driver();
    const accelerator = acceleratorOf(wish, driver);
    tools.tell('Looking for Python');
    const python = await findPython(tools);
    const packages = await openPackages(wish, python, tools);
    const { distribution } = vllmPackages[accelerator];
    tools.tell(`Asking for the versions of ${distribution}`);
    const version = await packages.versionOf(distribution, wish.version);
    const folder = await tools.claim(version);
    if (folder === undefined) return undefined;
    refuseBlanks(folder);
    await checkDisk(accelerator, wish, { folder, freeBytes: machine.freeBytes });
    tools.tell('Making a Python environment');
    const environment = await packages.makeEnvironment(join(folder, 'venv'));
    const notes = await installInto(environment, { packages, version, folder, accelerator, driver, tools });
    tools.tell('Proving that it runs');
    await prove(environment, tools);
    return toInstalled({ version, folder, accelerator, environment, notes });
  };
}

function acceleratorOf({ accelerator }: EngineWish, driver: string | undefined): VllmAccelerator {
  if (accelerator === 'cuda' && driver === undefined)
    throw new ConfigError(
      'device_unavailable',
      'There is no NVIDIA driver on this machine (nvidia-smi tells of none).',
    );
  if (accelerator === 'cuda' || accelerator === 'cpu') return accelerator;
  return driver === undefined ? 'cpu' : 'cuda';
}

/** PyTorch compiles parts of itself while it runs, and writes the paths of its headers without quotes. */
function refuseBlanks(folder: string): void {
  if (!/\s/.test(folder)) return;
  const message = `vLLM cannot compute in a folder whose path has blanks (${folder}): choose a data directory without.`;
  throw new ConfigError('invalid_config', message);
}

/** A folder of wheels may be a small one; what an index sends is known. */
async function checkDisk(
  accelerator: VllmAccelerator,
  { wheels }: EngineWish,
  { folder, freeBytes }: { readonly folder: string; readonly freeBytes: VllmMachine['freeBytes'] },
): Promise<void> {
  if (wheels !== undefined) return;
  const { diskGb } = vllmPackages[accelerator];
  const freeGb = (await freeBytes(folder)) / gigabyte;
  if (freeGb >= diskGb) return;
  const message = `vLLM takes about ${diskGb} GB of disk, and ${folder} has ${freeGb.toFixed(1)} GB free.`;
  throw new UnavailableError('disk_full', message);
}

interface Work {
  readonly packages: Packages;
  readonly version: string;
  readonly folder: string;
  readonly accelerator: VllmAccelerator;
  readonly driver: string | undefined;
  readonly tools: InstallTools;
}

/** The plain way; where the index lacks a build that is asked for, with the usual one in its place. */
async function installInto(environment: string, work: Work): Promise<readonly string[]> {
  const { packages, version, folder, accelerator, driver, tools } = work;
  const { distribution } = vllmPackages[accelerator];
  const wanted = `${distribution}==${version}`;
  tools.tell(`Looking for everything that ${wanted} needs`);
  const overridesFile = join(folder, 'overrides.txt');
  let plan = await packages.plan({ environment, wanted, accelerator });
  const overrides = 'refusal' in plan ? overridesFor(plan.refusal) : [];
  if ('refusal' in plan && overrides.length > 0) {
    tools.say(`The index lacks what ${wanted} asks for; ${overrides.join(', ')} is taken in its place.`);
    await tools.writeText(overridesFile, `${overrides.join('\n')}\n`);
    plan = await packages.plan({ environment, wanted, overridesFile });
  }
  if ('refusal' in plan) throw new UnavailableError('download_failed', `${wanted} cannot be had: ${plan.refusal}`);
  const refusal = accelerator === 'cuda' ? driverRefusal(cudaOf(plan.packages), driver) : undefined;
  if (refusal !== undefined) throw new ConfigError('device_unavailable', refusal);
  tools.tell(`Fetching and unpacking ${wanted}`);
  await packages.install(plan);
  return overrides.length === 0 ? [] : [`Installed with ${overrides.join(', ')} in place of the builds it names.`];
}

/** Imports what a server imports: a wheel for another processor or driver fails here, not at the first deployment. */
async function prove(environment: string, tools: InstallTools): Promise<void> {
  const { code, output, isLate } = await tools.run(join(environment, 'bin', 'python'), ['-c', vllmProof], proofMs);
  if (code === 0) return;
  const reason = isLate ? 'it took too long' : (output.trimEnd().split('\n').at(-1) ?? '');
  throw new ConfigError('device_unavailable', `vLLM was installed but does not start here: ${reason.slice(0, 500)}`);
}

interface Done extends Pick<Work, 'version' | 'folder' | 'accelerator'> {
  readonly environment: string;
  readonly notes: readonly string[];
}

async function toInstalled({ version, folder, accelerator, environment, notes }: Done): Promise<Installed> {
  const command = [join(environment, 'bin', 'python'), '-m', vllmModule];
  const nothing = { libraries: [], runtimeFolders: [] };
  return {
    version,
    folder,
    accelerator,
    command,
    notes: [...notes],
    ...nothing,
    sizeBytes: await sizeOfFolder(folder),
  };
}
