/** Lists the files below a folder within limits, through links but never in circles; what cannot be read is left out. */

import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file, by its path and where that lies below the folder that was asked for. */
export interface FoundFile {
  readonly path: string;
  /** With slashes. */
  readonly below: string;
  readonly sizeBytes: number;
  /** Tells one file from another whatever they are called. */
  readonly identity: string;
}

/** Hidden files, and the folder in which hubs keep under a hash what they show elsewhere under its name. */
function isInner(name: string): boolean {
  return name.startsWith('.') || name === 'blobs';
}

/** Far more than any collection of models has; less than would take minutes. */
export const walkLimits = { entries: 50_000, depth: 8 } as const;

interface Walk {
  readonly seen: Set<string>;
  readonly signal: AbortSignal;
  entriesLeft: number;
}

/** The files whose names `wanted` accepts; `isComplete` is false if a limit or the signal ended it early. */
export async function walkFolder(
  folder: string,
  wanted: (name: string) => boolean,
  signal: AbortSignal,
): Promise<{ readonly files: readonly FoundFile[]; readonly isComplete: boolean }> {
  const walk: Walk = { seen: new Set(), signal, entriesLeft: walkLimits.entries };
  const files: FoundFile[] = [];
  let level = [{ path: folder, below: '' }];
  for (let depth = 0; depth < walkLimits.depth && level.length > 0; depth++) {
    const next: typeof level = [];
    for (const place of level) {
      for (const name of await namesIn(place.path, walk)) {
        const path = join(place.path, name);
        const below = place.below === '' ? name : `${place.below}/${name}`;
        const found = await look(path);
        if (found?.isFolder) next.push({ path, below });
        else if (found !== undefined && wanted(name)) files.push({ path, below, ...found });
      }
    }
    level = next;
  }
  return { files, isComplete: walk.entriesLeft > 0 && !signal.aborted && level.length === 0 };
}

/** The names in a folder that was not visited yet, sorted so that every search finds the same. */
async function namesIn(folder: string, walk: Walk): Promise<string[]> {
  const found = await look(folder);
  if (found === undefined || walk.seen.has(found.identity)) return [];
  walk.seen.add(found.identity);
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder)) {
      if (walk.signal.aborted || walk.entriesLeft === 0) break;
      walk.entriesLeft--;
      if (!isInner(name)) names.push(name);
    }
  } catch {
    return names.sort();
  }
  return names.sort();
}

async function look(path: string) {
  try {
    const found = await stat(path);
    const identity = `${found.dev}:${found.ino}`;
    if (found.isDirectory()) return { isFolder: true, sizeBytes: 0, identity };
    return found.isFile() ? { isFolder: false, sizeBytes: found.size, identity } : undefined;
  } catch {
    return undefined;
  }
}
