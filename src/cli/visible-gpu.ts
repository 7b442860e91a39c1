/** Looks for a GPU by what its driver leaves in the file system. */

import { existsSync } from 'node:fs';

const traces: ReadonlyArray<readonly [path: string, name: string]> = [
  ['/dev/nvidia0', 'an NVIDIA GPU'],
  ['/proc/driver/nvidia/version', 'an NVIDIA GPU'],
  ['/dev/kfd', 'an AMD GPU'],
];

/** The GPU this machine visibly has, in words. */
export function visibleGpu(exists: (path: string) => boolean = existsSync): string | undefined {
  if (process.platform === 'darwin' && process.arch === 'arm64') return 'an Apple GPU';
  return traces.find(([path]) => exists(path))?.[1];
}
