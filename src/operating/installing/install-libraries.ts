/** Installs llama.cpp's libraries for an accelerator: fetched by exact hash, unpacked flat, nothing of them run. */

import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ConfigError, UnavailableError } from '../../base/errors.ts';
import type { LibraryAccelerator, LibraryArchive, LibrarySet } from '../../engines/embedded/packages.ts';
import type { EngineWish } from '../../fleet/engine.ts';
import { hashFile } from '../../outbound/part-file.ts';
import type { DownloadProgress } from '../../outbound/progress-meter.ts';
import type { Installer, InstallTools } from './install-job.ts';
import { findUrl, type RegistryWorld } from './install-registry.ts';
import { sizeOfFolder } from './size-of-folder.ts';
import { type PickTarget, unpackZip } from './unpack-zip.ts';

/** A file of a tar archive. */
interface TarEntry {
  readonly name: string;
  readonly content: AsyncIterable<Buffer>;
}

/** What the installer works with. */
export interface LibraryWorld extends RegistryWorld {
  /** What there is for this machine; undefined = nothing that its driver runs. */
  readonly setFor: (accelerator: LibraryAccelerator, driver: string | undefined) => LibrarySet | undefined;
  /** The driver of NVIDIA's GPUs; undefined = there is none. */
  readonly driver: () => Promise<string | undefined>;
  /** Fetches a file, resuming what came before; throws if its hash is another. */
  readonly fetchFile: (
    file: Pick<LibraryArchive, 'sizeBytes' | 'sha256'> & { readonly url: string; readonly target: string },
    signal: AbortSignal,
    onProgress: (progress: DownloadProgress) => void,
  ) => Promise<void>;
  /** The files of a tar archive, in order. */
  readonly readTar: (bytes: AsyncIterable<Buffer>) => AsyncIterable<TarEntry>;
}

/** Makes the installer. */
export function createLibrariesInstaller(world: LibraryWorld): Installer {
  return async (wish, tools) => {
    const set = chooseSet(wish, world, await world.driver());
    const folder = await tools.claim(`${set.version}-${set.accelerator}`);
    if (folder === undefined) return undefined;
    const downloads = join(tools.enginesFolder, 'downloads');
    const runtimeFolder = join(folder, 'runtime');
    await mkdir(downloads, { recursive: true, mode: 0o700 });
    if (set.archives.some(({ isRuntime }) => isRuntime)) await mkdir(runtimeFolder, { mode: 0o700 });
    for (const archive of set.archives) {
      const path = join(downloads, archive.file);
      await fetchArchive(archive, path, { wish, world, tools });
      tools.tell(`Unpacking ${archive.file}`);
      const into = archive.isRuntime ? runtimeFolder : folder;
      await unpack(archive, { path, into, world, tools });
      await rm(path, { force: true });
    }
    return describe(set, folder);
  };
}

function chooseSet({ accelerator }: EngineWish, { setFor }: LibraryWorld, driver: string | undefined): LibrarySet {
  if (accelerator === 'cuda' && driver === undefined)
    throw new ConfigError(
      'device_unavailable',
      'There is no NVIDIA driver on this machine (nvidia-smi tells of none).',
    );
  const kind = accelerator ?? 'vulkan';
  const set = kind === 'cpu' ? undefined : setFor(kind, driver);
  if (set !== undefined) return set;
  const why = driver === undefined ? '' : ` with the driver ${driver}`;
  throw new ConfigError('device_unavailable', `There are no libraries for ${kind} on this machine${why}.`);
}

interface Step {
  readonly wish: EngineWish;
  readonly world: LibraryWorld;
  readonly tools: InstallTools;
}

async function fetchArchive(archive: LibraryArchive, target: string, { wish, world, tools }: Step): Promise<void> {
  const { file, sizeBytes, sha256 } = archive;
  if (wish.wheels !== undefined) {
    tools.tell(`Copying ${file}`);
    await copyFile(join(wish.wheels, file), target);
    if ((await hashFile(target, tools.signal)) !== sha256)
      throw new UnavailableError('checksum_mismatch', `${file} in ${wish.wheels} is not the file it should be.`);
    return;
  }
  tools.tell(`Fetching ${file}`);
  const url = await findUrl(archive, wish.index, world, tools);
  await world.fetchFile({ url, target, sizeBytes, sha256 }, tools.signal, ({ bytesDone }) =>
    tools.tell(`Fetching ${file}: ${megabytes(bytesDone)} of ${megabytes(sizeBytes)} MB`),
  );
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}

interface Unpacking extends Omit<Step, 'wish'> {
  readonly path: string;
  readonly into: string;
}

/** Flat: of a member's path only its last part counts, and only where all of it is as expected. */
async function unpack(archive: LibraryArchive, { path, into, world, tools }: Unpacking): Promise<void> {
  const pick: PickTarget = (name) => (archive.wanted.test(name) ? join(into, basename(name)) : undefined);
  if (archive.registry === 'pypi') return unpackZip(path, pick, tools.signal);
  const bytes = createReadStream(path).pipe(createGunzip());
  try {
    for await (const { name, content } of world.readTar(bytes)) {
      const target = pick(name);
      if (target !== undefined) await pipeline(content, createWriteStream(target, { mode: 0o600 }), tools);
    }
  } finally {
    bytes.destroy();
  }
}

async function describe({ version, accelerator, archives }: LibrarySet, folder: string) {
  const names = await readdir(folder);
  return {
    ...{ version: `${version}-${accelerator}`, accelerator, folder, command: [], notes: [] },
    libraries: names.filter((name) => name.endsWith('.so')).sort(),
    runtimeFolders: archives.some(({ isRuntime }) => isRuntime) ? [join(folder, 'runtime')] : [],
    sizeBytes: await sizeOfFolder(folder),
  };
}
