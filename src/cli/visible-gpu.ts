/** Looks for a GPU, so that one which stays unused is never unused in silence. */

import { existsSync } from 'node:fs';
import { ConfigError } from '../base/errors.ts';
import type { GpuChoice } from '../fleet/deployment.ts';

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

/** What a choice of GPU comes to in this version, which computes on the CPU; throws if it cannot be had. */
export function settleGpu(choice: GpuChoice, seen = visibleGpu()): { readonly notes: readonly string[] } {
  if (choice === 'off') return { notes: [] };
  if (choice === 'auto') {
    return { notes: seen === undefined ? [] : [`This machine has ${seen}; this version computes on the CPU only.`] };
  }
  const message = `--gpu ${choice}: GPU libraries are not supported yet in this version; use --gpu off (or auto).`;
  throw new ConfigError('device_unavailable', message);
}
