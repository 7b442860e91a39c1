/** Makes a bundle: the program, the packages it needs, and models, as one file for machines without a network. */

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import type { Clock } from '../../base/clock.ts';
import { RequestError } from '../../base/errors.ts';
import {
  type BundleFile,
  type BundleManifest,
  bundleFolder,
  manifestName,
  printChecksums,
  thisPlatform,
} from './bundle-manifest.ts';
import type { BundleExtra } from './bundle-models.ts';
import { findPackages, type InstalledPackage, listPackageFiles, placePackages } from './bundle-packages.ts';
import { type TarFile, writeTar } from './bundle-tar.ts';

/** What goes into a bundle besides the program. */
export interface BundleWish {
  readonly output: string;
  readonly extras: readonly BundleExtra[];
  readonly clock: Clock;
  /** Told what is being done. */
  readonly tell: (words: string) => void;
}

/** A bundle that was written. */
export interface NewBundle {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A file that goes in, and where its bytes are. */
interface Ingredient extends BundleFile {
  readonly path: string;
}

const packageFolder = fileURLToPath(new URL('../../..', import.meta.url));

/** Writes it beside its place and renames it: what has the name is whole. */
export async function createBundle(wish: BundleWish): Promise<NewBundle> {
  const work = await mkdtemp(join(dirname(wish.output), '.aimindserve-bundle-'));
  try {
    const root = findPackages(packageFolder);
    const program = await prepareProgram(root, work, wish.tell);
    const others: Ingredient[] = [];
    for (const { file, path } of numbered(wish.extras)) {
      wish.tell(`reading ${path}`);
      others.push({ ...(await weigh(file.name, path)), target: file.target });
    }
    const manifest: BundleManifest = {
      ...{ format: 1, product: 'aimindserve', version: root.version, platform: thisPlatform() },
      createdAt: wish.clock.unixSeconds(),
      files: [...program, ...others].map(({ path: _, ...file }) => file),
      models: wish.extras.flatMap(({ model }) => model ?? []),
      engines: wish.extras.flatMap(({ engine }) => engine ?? []),
    };
    return await write(manifest, [...program, ...others], { ...wish, work });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function prepareProgram(
  root: InstalledPackage,
  work: string,
  tell: BundleWish['tell'],
): Promise<readonly Ingredient[]> {
  const places: string[] = [];
  const ingredients: Ingredient[] = [];
  const packed = new Set<string>();
  for (const [place, each] of placePackages(root)) {
    const name = `packages/${each.name.replace('@', '').replace('/', '-')}-${each.version}.tgz`;
    places.push(`${name} ${place}\n`);
    if (packed.has(name)) continue;
    packed.add(name);
    tell(`packing ${each.name} ${each.version}`);
    const path = join(work, `${packed.size}.tgz`);
    await packPackage(each, path);
    ingredients.push(await weigh(name, path));
  }
  const made = {
    'packages/PLACES': places.join(''),
    'packages/PLATFORM': `${thisPlatform()}\n`,
    'install.sh': await readFile(join(packageFolder, 'scripts', 'install_bundle.sh'), 'utf8'),
  };
  for (const [name, text] of Object.entries(made)) {
    const path = join(work, name.replace('/', '-'));
    await writeFile(path, text);
    ingredients.push(await weigh(name, path));
  }
  return ingredients;
}

/** As npm packs it: everything below `package/`, compressed. */
async function packPackage(each: InstalledPackage, path: string): Promise<void> {
  const files = await listPackageFiles(each);
  const members = files.map((name) => tarFileOf(`package/${name}`, join(each.folder, name)));
  await pipeline(Readable.from(writeTar(await Promise.all(members))), createGzip(), createWriteStream(path));
}

async function tarFileOf(name: string, path: string): Promise<TarFile> {
  const { size: sizeBytes, mode } = await stat(path);
  const isExecutable = (mode & 0o100) !== 0 || name.endsWith('.sh');
  return { name, sizeBytes, isExecutable, content: () => createReadStream(path) };
}

async function weigh(name: string, path: string): Promise<Ingredient> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { name, path, sizeBytes, sha256: hash.digest('hex') };
}

/** Numbers in place of names: those may be longer than an archive allows. */
function numbered(extras: readonly BundleExtra[]) {
  // Two models may share a file, and one may be named twice.
  const files = new Map<string, string>();
  for (const { path, target } of extras.flatMap((extra) => extra.files)) {
    const other = files.get(target) ?? path;
    if (other !== path)
      throw new RequestError('name_taken', `${other} and ${path} would get one place, ${target}; rename one of them.`);
    files.set(target, path);
  }
  return [...files].map(([target, path], index) => {
    const number = String(index + 1).padStart(5, '0');
    return { path, file: { name: `files/${number}`, target } };
  });
}

async function write(
  manifest: BundleManifest,
  ingredients: readonly Ingredient[],
  { work, output, tell }: BundleWish & { readonly work: string },
): Promise<NewBundle> {
  const json = Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`);
  const sums = Buffer.from(
    printChecksums([
      ...manifest.files,
      { name: manifestName, sha256: createHash('sha256').update(json).digest('hex') },
    ]),
  );
  const made = [tarFileFrom(manifestName, json), tarFileFrom('SHA256SUMS', sums)];
  const found = ingredients.map(({ name, path }) => tarFileOf(`${bundleFolder}/${name}`, path));
  const aside = join(work, 'bundle.tar');
  tell(`writing ${output}`);
  await pipeline(Readable.from(writeTar([...made, ...(await Promise.all(found))])), createWriteStream(aside));
  const { sizeBytes, sha256 } = await weigh('', aside);
  await rename(aside, output);
  return { path: output, sizeBytes, sha256 };
}

function tarFileFrom(name: string, content: Buffer): TarFile {
  return {
    name: `${bundleFolder}/${name}`,
    sizeBytes: content.length,
    async *content() {
      yield content;
    },
  };
}
