/** The program's own package and those it needs, as they are installed here: for this platform, without a registry. */

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { ConfigError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';

/** An installed package. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  /** Which of its files belong to it; absent = all. */
  readonly files?: readonly string[];
  readonly needs: readonly InstalledPackage[];
}

/** The package in this folder with everything it needs; of optional packages those that are there. */
export function findPackages(folder: string): InstalledPackage {
  return readPackage(realpathSync(folder), new Map());
}

function readPackage(folder: string, known: Map<string, InstalledPackage>): InstalledPackage {
  const seen = known.get(folder);
  if (seen !== undefined) return seen;
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const at = (key: string): unknown => (isObject(manifest) ? manifest[key] : undefined);
  const namesOf = (key: string): readonly string[] => Object.keys(toObject(at(key)));
  const needs: InstalledPackage[] = [];
  // A clone has sources and tests beside what is published; what was installed is what was published.
  const files = existsSync(join(folder, 'src', 'cli')) ? at('files') : undefined;
  const found: InstalledPackage = {
    ...{ name: String(at('name')), version: String(at('version')), folder, needs },
    ...(Array.isArray(files) && { files: files.map(String) }),
  };
  // Before its needs: packages may need each other.
  known.set(folder, found);
  const optional = new Set([...namesOf('optionalDependencies'), ...namesOf('peerDependencies')]);
  for (const name of new Set([...namesOf('dependencies'), ...optional])) {
    const place = findFolder(name, folder);
    if (place !== undefined) needs.push(readPackage(place, known));
    else if (!optional.has(name))
      throw new ConfigError(
        'invalid_config',
        `The package '${name}' is not installed; run npm install and begin again.`,
      );
  }
  return found;
}

function toObject(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

/** As Node looks for it: in the nearest `node_modules` upwards. */
function findFolder(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name);
    if (existsSync(join(place, 'package.json'))) return realpathSync(place);
    if (folder === dirname(folder)) return undefined;
  }
}

/** Where each package has to lie so that all find what they need: at the top, or below who needs another version. */
export function placePackages(root: InstalledPackage): ReadonlyMap<string, InstalledPackage> {
  const top = `node_modules/${root.name}`;
  const places = new Map([[top, root]]);
  for (const [place, { needs }] of places)
    for (const need of needs) {
      const seen = seenFrom(place, need.name, places);
      if (seen === need) continue;
      places.set(seen === undefined ? `node_modules/${need.name}` : `${place}/node_modules/${need.name}`, need);
    }
  return places;
}

function seenFrom(
  place: string,
  name: string,
  places: ReadonlyMap<string, InstalledPackage>,
): InstalledPackage | undefined {
  for (let at = place; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const found = places.get(`${at === '' ? '' : `${at}/`}node_modules/${name}`);
    if (found !== undefined || at === '') return found;
  }
}

/** The files of a package, as paths with `/` below its folder. */
export async function listPackageFiles({ folder, files }: InstalledPackage): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).split(sep).join('/'))
    .filter((path) => !path.startsWith('node_modules/') && !path.includes('/node_modules/'));
  return (files === undefined ? paths : paths.filter(publishedBy(files))).sort();
}

/** What npm publishes whatever `files` says. */
const alwaysPublished = /^(?:package\.json|(?:readme|licen[cs]e)(?:\.[^/]*)?)$/i;

/** Reads `files` of a package.json as npm does, as far as ours goes: folders, `*`, `**`, and `!` for what is left out. */
function publishedBy(patterns: readonly string[]): (path: string) => boolean {
  const rules = patterns.map((pattern) => ({
    isOut: pattern.startsWith('!'),
    test: toTest(pattern.replace(/^!/, '')),
  }));
  return (path) => {
    if (alwaysPublished.test(path)) return true;
    const last = rules.findLast(({ test }) => test.test(path));
    return last !== undefined && !last.isOut;
  };
}

function toTest(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*\/|\*)/).map((part) => {
    if (part === '**/') return '(?:.*/)?';
    return part === '*' ? '[^/]*' : part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}(?:/|$)`);
}
