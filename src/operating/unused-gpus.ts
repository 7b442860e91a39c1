/** What is said of GPUs that are there while the embedded engine computes on the processor. */

import type { Device, DeviceKind } from '../fleet/device.ts';

/** What makes the embedded engine use devices of a kind; absent = nothing does. */
const remedies: Readonly<Partial<Record<DeviceKind, string>>> = {
  cuda: 'aimindserve engine install llama --cuda',
  rocm: 'aimindserve engine install llama --vulkan',
  metal: 'aimindserve engine install llama --metal',
};

/** A sentence for each kind of device that could be used: why it is not, and the command that mends it. */
export function describeUnusedGpus(accelerators: readonly Device[]): readonly string[] {
  const kinds = [...new Set(accelerators.map(({ kind }) => kind))];
  return kinds.flatMap((kind) => {
    const remedy = remedies[kind];
    const names = [...new Set(accelerators.filter((device) => device.kind === kind).map(({ name }) => name))];
    if (remedy === undefined) return [];
    return [
      `GPU not used: ${names.join(', ')} is there, and the embedded engine's libraries for it are not installed. ` +
        `Install them with: ${remedy} (or say --gpu off).`,
    ];
  });
}
