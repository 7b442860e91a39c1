/** How much memory a new process may take on this machine. */

import { readFileSync } from 'node:fs';
import { freemem, platform, totalmem } from 'node:os';

/** Reads a small text file; undefined if it is not there. Handed in so that tests need no special machine. */
export type ReadText = (path: string) => string | undefined;

/** Free bytes: what the kernel says is available, and no more than the container may still take. */
export function freeMemory(read: ReadText = readText): number {
  const kibibytes = /^MemAvailable:\s+(\d+) kB/m.exec(read('/proc/meminfo') ?? '')?.[1];
  // Elsewhere (macOS) most of what counts as used is cache; half of all memory is a fair lower bound.
  const fallback = platform() === 'linux' ? freemem() : Math.max(freemem(), totalmem() / 2);
  const available = kibibytes === undefined ? fallback : Number(kibibytes) * 1024;
  return Math.max(0, Math.min(available, ...containerLimits(read)));
}

/** What each enclosing control group has left (both generations of the interface). */
function containerLimits(read: ReadText): number[] {
  const membership = read('/proc/self/cgroup') ?? '';
  const unified = /^0::(.*)$/m.exec(membership)?.[1] ?? '/';
  const legacy = /^\d+:[^:]*\bmemory\b[^:]*:(.*)$/m.exec(membership)?.[1] ?? '/';
  return [
    ...withParents(unified).map((group) => groupLeft(read, `/sys/fs/cgroup${group}`, ['memory.max', 'memory.current'])),
    ...withParents(legacy).map((group) =>
      groupLeft(read, `/sys/fs/cgroup/memory${group}`, ['memory.limit_in_bytes', 'memory.usage_in_bytes']),
    ),
  ].filter((left) => left !== undefined);
}

function groupLeft(read: ReadText, folder: string, [limitFile, usedFile]: [string, string]): number | undefined {
  const limit = read(`${folder}/${limitFile}`)?.trim();
  const used = read(`${folder}/${usedFile}`)?.trim();
  if (limit === undefined || used === undefined || !/^\d+$/.test(limit)) return undefined;
  // Files in the page cache count as used but give way.
  const cache = /^(?:total_)?inactive_file (\d+)$/m.exec(read(`${folder}/memory.stat`) ?? '')?.[1] ?? '0';
  return Number(limit) - Number(used) + Number(cache);
}

/** `/a/b` → `/a/b`, `/a`, and the root (spelt empty). */
function withParents(group: string): string[] {
  const parts = group.split('/').filter((part) => part !== '' && part !== '..');
  return Array.from({ length: parts.length + 1 }, (_, missing) =>
    parts
      .slice(0, parts.length - missing)
      .map((part) => `/${part}`)
      .join(''),
  );
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
