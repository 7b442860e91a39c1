/** Which of several installed versions of an engine is taken. */

import type { EngineProgram, InstalledEngine } from '../../fleet/engine.ts';

/** The one that is meant, the newest where none is; a program that a setting names goes before all others. */
export function pickEngine(
  engines: readonly InstalledEngine[],
  name: EngineProgram,
  version?: string,
): InstalledEngine | undefined {
  const ready = engines.filter((engine) => engine.name === name && engine.state === 'ready');
  const wanted = version === undefined ? ready : ready.filter((engine) => engine.version === version);
  return wanted.toSorted((one, other) => rankOf(other) - rankOf(one) || compareVersions(other.version, one.version))[0];
}

function rankOf({ origin }: InstalledEngine): number {
  return origin === 'configured' ? 1 : 0;
}

/** Below zero where the first is older: numbers by their size, `0.9.1` before `0.32.0`, a candidate before what it was one for. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [partsOf(one), partsOf(other)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = comparePart(left[at], right[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function partsOf(version: string): readonly string[] {
  return (version.split('+', 1)[0] ?? '').match(/\d+|[a-z]+/gi) ?? [];
}

/** Nothing is newer than letters (`1.0` than `1.0rc1`), but for what comes after (`post1`), and as old as zero. */
function comparePart(one: string | undefined, other: string | undefined): number {
  return (
    weightOf(one) - weightOf(other) || (isWord(one) && isWord(other) ? (one < other ? -1 : Number(one > other)) : 0)
  );
}

function weightOf(part: string | undefined): number {
  if (part === undefined) return 0;
  if (isWord(part)) return part === 'post' ? 0.5 : -1;
  return Number(part);
}

function isWord(part: string | undefined): part is string {
  return part !== undefined && !/^\d/.test(part);
}
