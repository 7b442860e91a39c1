/** Gives an instance its devices, so that no GPU is given out twice. */

import type { Deployment } from '../fleet/deployment.ts';
import { type Instance, isUnderWay } from '../fleet/instance.ts';

/** A device as far as placing is concerned. */
export interface PlaceableDevice {
  readonly id: string;
  readonly isCordoned: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Of an accelerator, as it was last read. */
  readonly freeBytes?: number;
}

/** The devices, or why there are none now. */
export type Placing = { readonly devices: readonly string[] } | { readonly reason: string };

/** What decides where an instance goes. */
export interface PlacingFacts {
  readonly deployment: Pick<Deployment, 'placement' | 'gpu'>;
  readonly devices: readonly PlaceableDevice[];
  readonly instances: readonly Instance[];
  /** Can the engine compute on a GPU? */
  readonly usesGpu: boolean;
}

/** The processor may be shared by any number of instances, everything else belongs to one at a time. */
const sharedDevice = 'cpu';

/** Chooses devices: those a deployment names, else the emptiest free GPU for an engine that uses one, else the processor. */
export function placeInstance({ deployment, devices, instances, usesGpu }: PlacingFacts): Placing {
  const { devices: named, labels = {} } = deployment.placement;
  const taken = new Set(instances.filter(holdsDevices).flatMap((instance) => instance.devices));
  const isFree = ({ id, isCordoned }: PlaceableDevice) => !isCordoned && (id === sharedDevice || !taken.has(id));
  if (named !== undefined && named.length > 0) return placeOnNamed(named, devices, isFree);
  const fitting = devices.filter((device) =>
    Object.entries(labels).every(([key, value]) => device.labels[key] === value),
  );
  if (fitting.length === 0) return { reason: 'no device has the labels that its placement asks for' };
  const gpu = usesGpu && deployment.gpu !== 'off' ? fitting.filter(({ id }) => id !== sharedDevice) : [];
  const candidates = gpu.length > 0 ? gpu : fitting.filter(({ id }) => id === sharedDevice);
  const [free] = candidates.filter(isFree).sort((a, b) => (b.freeBytes ?? 0) - (a.freeBytes ?? 0));
  if (free !== undefined) return { devices: [free.id] };
  return {
    reason: `no device is free: ${candidates.map((device) => whyNot(device, taken)).join(', ') || 'there is none'}`,
  };
}

/** Are its devices given to it? One that is stopping has them until its process has ended. */
export function holdsDevices({ state }: Instance): boolean {
  return isUnderWay(state) || state === 'stopping';
}

function placeOnNamed(
  named: readonly string[],
  devices: readonly PlaceableDevice[],
  isFree: (device: PlaceableDevice) => boolean,
): Placing {
  for (const id of named) {
    const device = devices.find((each) => each.id === id);
    if (device === undefined) return { reason: `there is no device '${id}' on this machine` };
    if (device.isCordoned) return { reason: `the device '${id}' is cordoned` };
    if (!isFree(device)) return { reason: `the device '${id}' is given to another instance` };
  }
  return { devices: named };
}

function whyNot({ id, isCordoned }: PlaceableDevice, taken: ReadonlySet<string>): string {
  return isCordoned ? `'${id}' is cordoned` : taken.has(id) ? `'${id}' is in use` : `'${id}'`;
}
