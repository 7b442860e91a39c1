/** Where an archive is fetched from: the registries that npm and pip of this machine are set to, mirrors of firms among them. */

import { UnavailableError } from '../../base/errors.ts';
import type { LibraryArchive } from '../../engines/embedded/packages.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { findOnPath } from './engine-programs.ts';
import type { InstallTools } from './install-job.ts';

/** What finding needs. */
export interface RegistryWorld {
  /** Lets the hosts through that `allow` was told of. */
  readonly outbound: Pick<Outbound, 'request'>;
  /** Whoever sets a mirror means its address, private or not. */
  readonly allow: (host: string) => void;
}

type Programs = Pick<InstallTools, 'environment' | 'run' | 'signal'>;

const askMs = 60_000;
const maxPageBytes = 16 << 20;
/** Where pip looks when it is set to nothing; pip itself knows best. */
const pipDefault = 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)';

/** The address of an archive; throws UnavailableError where no registry is known, or it does not have it. */
export async function findUrl(
  archive: LibraryArchive,
  npmIndex: string | undefined,
  world: RegistryWorld,
  programs: Programs,
): Promise<string> {
  const base = archive.registry === 'npm' ? (npmIndex ?? (await npmRegistry(programs))) : await pipIndex(programs);
  if (base === undefined) throw unknown(archive);
  world.allow(new URL(base).host);
  const root = base.replace(/\/+$/, '');
  if (archive.registry === 'npm') return `${root}/${archive.package}/-/${archive.file}`;
  return findInPage(`${root}/${archive.package}/`, archive, world, programs.signal);
}

async function npmRegistry({ environment, run }: Programs): Promise<string | undefined> {
  const npm = findOnPath('npm', environment['PATH'] ?? '');
  return npm === undefined ? undefined : lastUrl((await run(npm, ['config', 'get', 'registry'], askMs)).output);
}

async function pipIndex({ environment, run }: Programs): Promise<string | undefined> {
  const named = environment['PIP_INDEX_URL'] ?? environment['UV_DEFAULT_INDEX'] ?? environment['UV_INDEX_URL'];
  if (named !== undefined) return lastUrl(named);
  const python = findOnPath('python3', environment['PATH'] ?? '');
  if (python === undefined) return undefined;
  const { code, output } = await run(python, ['-m', 'pip', 'config', 'get', 'global.index-url'], askMs);
  return (code === 0 ? lastUrl(output) : undefined) ?? lastUrl((await run(python, ['-c', pipDefault], askMs)).output);
}

/** Programs may warn before they answer, and after it. */
function lastUrl(output: string): string | undefined {
  const lines = output.split('\n').map((line) => line.trim());
  return lines.findLast((line) => /^https?:\/\/\S+$/.test(line) && URL.canParse(line));
}

/** A project's page lists its files as links: https://packaging.python.org/en/latest/specifications/simple-repository-api/. */
async function findInPage(
  pageUrl: string,
  archive: LibraryArchive,
  { outbound, allow }: RegistryWorld,
  signal: AbortSignal,
): Promise<string> {
  const response = await outbound.request(pageUrl, { headers: { accept: 'text/html' }, signal });
  const page = response.status === 200 ? await readText(response.body) : '';
  response.cancel();
  const links = [...page.matchAll(/href\s*=\s*["']([^"'#]+)/g)].map(([, link = '']) => link);
  const link = links.find((each) => each.endsWith(`/${archive.file}`) || each === archive.file);
  if (link === undefined || !URL.canParse(link, response.url)) throw notListed(archive, new URL(pageUrl).host);
  const url = new URL(link, response.url);
  allow(url.host);
  return url.href;
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > maxPageBytes) break;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function unknown({ registry, file }: LibraryArchive): UnavailableError {
  const program = registry === 'npm' ? 'npm' : 'Python with pip';
  const message = `Nobody here knows where ${file} is to be had: install ${program}, or fetch it elsewhere and name its folder with --wheels.`;
  return new UnavailableError('download_failed', message);
}

function notListed({ file }: LibraryArchive, host: string): UnavailableError {
  const message = `${host} does not list ${file}; fetch it elsewhere and name its folder with --wheels.`;
  return new UnavailableError('download_failed', message);
}
