/** Loads a bundle: checks every byte against its manifest, and puts models where the platform finds them. */

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { randomHex } from '../../base/clock.ts';
import { RequestError, UnavailableError } from '../../base/errors.ts';
import { diskFull, readFreeBytes } from '../../outbound/part-file.ts';
import { isErrno } from '../../store/data-folder.ts';
import {
  type BundleFile,
  type BundleManifest,
  bundleFolder,
  manifestName,
  readBundleManifest,
  thisPlatform,
} from './bundle-manifest.ts';
import { readTar, type TarEntry } from './bundle-tar.ts';

/** A bundle that is being read: what it says, and then its files in any order. */
interface OpenBundle {
  readonly manifest: BundleManifest;
  readonly entries: AsyncIterable<TarEntry>;
}

/** What was done. */
export interface LoadedBundle {
  readonly manifest: BundleManifest;
  /** Targets that were written, and those that were there already. */
  readonly written: readonly string[];
  readonly found: readonly string[];
}

const maxManifestBytes = 64 << 20;
/** Not among the manifest's files: it speaks of the manifest itself. */
const checksumsName = 'SHA256SUMS';

/**
 * Loads an archive, or the folder that it was unpacked to. What is there already stays, so that an interrupted load goes
 * on when it is begun again; a file that is there and differs is never overwritten.
 */
export async function loadBundle(
  path: string,
  dataFolder: string,
  tell: (words: string) => void,
): Promise<LoadedBundle> {
  const { manifest, entries } = await open(path);
  checkPlatform(manifest);
  const found = await findPresent(manifest, dataFolder);
  await checkRoom(manifest, found, dataFolder);
  const awaited = new Map(manifest.files.map((file) => [file.name, file]));
  const written: string[] = [];
  for await (const entry of entries) {
    const file = awaited.get(entry.name);
    if (file === undefined) {
      if (entry.name === checksumsName) continue;
      throw damaged(`'${entry.name}' is in it and not in its manifest`);
    }
    awaited.delete(entry.name);
    if (file.target === undefined || found.has(file.target)) await check(file, entry);
    else {
      tell(`writing ${file.target}`);
      await place(file, entry, join(dataFolder, file.target));
      written.push(file.target);
    }
  }
  const [missing] = awaited.keys();
  if (missing !== undefined) throw damaged(`'${missing}' is missing`);
  return { manifest, written, found: [...found] };
}

/** Models run anywhere, libraries do not. */
function checkPlatform({ engines, platform }: BundleManifest): void {
  if (engines.length === 0 || platform === thisPlatform()) return;
  const message = `The bundle holds libraries for ${platform}, and this machine is ${thisPlatform()}. Make a bundle on a machine like this, or without --engine.`;
  throw new RequestError('invalid_value', message);
}

async function open(path: string): Promise<OpenBundle> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) throw new RequestError('not_found', `There is no bundle at ${path}.`);
  return facts.isDirectory() ? openFolder(path) : openArchive(path);
}

async function openFolder(folder: string): Promise<OpenBundle> {
  const path = join(folder, manifestName);
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined || facts.size > maxManifestBytes) throw damaged(`${folder} holds no manifest.json of one`);
  const manifest = readBundleManifest(await readFile(path, 'utf8'));
  return { manifest, entries: readFolder(folder, manifest) };
}

async function* readFolder(folder: string, { files }: BundleManifest): AsyncGenerator<TarEntry> {
  for (const { name } of files) {
    const path = join(folder, name);
    const facts = await stat(path).catch(() => undefined);
    if (facts?.isFile()) yield { name, sizeBytes: facts.size, content: createReadStream(path) };
  }
}

async function openArchive(path: string): Promise<OpenBundle> {
  const entries = readTar(createReadStream(path, { highWaterMark: 1 << 20 }));
  const { value: first } = await entries.next();
  if (first === undefined || inBundle(first.name) !== manifestName || first.sizeBytes > maxManifestBytes)
    throw damaged('its first file is not its manifest');
  const chunks: Buffer[] = [];
  for await (const chunk of first.content) chunks.push(chunk);
  const manifest = readBundleManifest(Buffer.concat(chunks).toString('utf8'));
  return { manifest, entries: withoutFolder(entries) };
}

async function* withoutFolder(entries: AsyncIterable<TarEntry>): AsyncGenerator<TarEntry> {
  for await (const entry of entries) yield { ...entry, name: inBundle(entry.name) };
}

function inBundle(name: string): string {
  return name.startsWith(`${bundleFolder}/`) ? name.slice(bundleFolder.length + 1) : name;
}

/** The targets that are there already, just as they should be; throws if something else is in a place. */
async function findPresent({ files }: BundleManifest, dataFolder: string): Promise<ReadonlySet<string>> {
  const present = new Set<string>();
  for (const { target, sizeBytes, sha256 } of files) {
    if (target === undefined) continue;
    const path = join(dataFolder, target);
    const facts = await stat(path).catch(() => undefined);
    if (facts === undefined) continue;
    const isSame = facts.isFile() && facts.size === sizeBytes && (await hashOf(path)) === sha256;
    if (!isSame) throw inTheWay(path);
    present.add(target);
  }
  return present;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function checkRoom({ files }: BundleManifest, found: ReadonlySet<string>, dataFolder: string): Promise<void> {
  const missing = files.filter(({ target }) => target !== undefined && !found.has(target));
  const neededBytes = missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const freeBytes = await readFreeBytes(dataFolder);
  if (neededBytes > freeBytes) throw diskFull(dataFolder, neededBytes, freeBytes);
}

/** Reads all of it and compares. */
async function check(file: BundleFile, entry: TarEntry): Promise<void> {
  for await (const _ of checked(file, entry));
}

/** Passes the bytes on; throws at their end, or before, if they are not those that the manifest promises. */
async function* checked({ name, sizeBytes, sha256 }: BundleFile, entry: TarEntry): AsyncGenerator<Buffer> {
  if (entry.sizeBytes !== sizeBytes) throw wrong(name, `it has ${entry.sizeBytes} bytes instead of ${sizeBytes}`);
  const hash = createHash('sha256');
  for await (const chunk of entry.content) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') !== sha256) throw wrong(name, 'its checksum differs');
}

/** Gets its name once it is whole; a link, because renaming would overwrite what came to lie there meanwhile. */
async function place(file: BundleFile, entry: TarEntry, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const aside = `${target}.${randomHex(4)}.part`;
  try {
    await pipeline(checked(file, entry), createWriteStream(aside, { flags: 'wx', mode: 0o600, flush: true }));
    await link(aside, target).catch((thrown: unknown) => {
      if (isErrno(thrown, 'EEXIST')) throw inTheWay(target);
      // Not every file system has links.
      return rename(aside, target);
    });
  } finally {
    await rm(aside, { force: true });
  }
}

function inTheWay(path: string): RequestError {
  const message = `${path} is there already and is not what the bundle holds; nothing was overwritten. Move it away and load the bundle again.`;
  return new RequestError('conflict', message);
}

function wrong(name: string, reason: string): UnavailableError {
  const message = `The bundle is damaged: '${name}' is not what its manifest promises (${reason}). Copy the bundle again and load it again; what was whole stays.`;
  return new UnavailableError('checksum_mismatch', message);
}

function damaged(reason: string): RequestError {
  return new RequestError('invalid_value', `The bundle is damaged, or is none: ${reason}.`);
}
