/** The devices of this machine, read now and then, with what people say of them and who has them. */

import { RequestError } from '../base/errors.ts';
import type { Deployment } from '../fleet/deployment.ts';
import type { Device } from '../fleet/device.ts';
import { type DeviceMark, listDeviceMarks, saveDeviceMark } from '../store/devices.ts';
import type { Db } from '../store/tables.ts';
import type { DeviceMarks, DeviceView } from './fleet-control.ts';
import type { KeptInstance } from './kept-instance.ts';
import { holdsDevices, type PlaceableDevice } from './place-instance.ts';

/** What the desk stands on. */
export interface DeviceParts {
  readonly db: Db;
  readonly read: () => Promise<readonly Device[]>;
  readonly workerId: string;
  /** Called when it is known for the first time what there is. */
  readonly changed: () => void;
}

/** Remembers what was last read; the processor is always there. */
export class DeviceDesk {
  #devices: readonly Device[] = [];
  #reading: Promise<void> | undefined;
  #current: Promise<void> | undefined;
  #marks: readonly DeviceMark[] = [];
  readonly #parts: DeviceParts;

  constructor(parts: DeviceParts) {
    this.#parts = parts;
  }

  /** Reads the database; the devices themselves are read when first asked for, as some take a second. */
  async open(): Promise<void> {
    this.#marks = await listDeviceMarks(this.#parts.db);
  }

  /**
   * What instances of it can be placed on, by what is known now; the first that names devices, or whose engine computes
   * on GPUs, has them read. Undefined = a GPU would be taken, and nobody knows yet whether there is one.
   */
  placeableFor(
    { placement: { devices = [], labels = {} } }: Pick<Deployment, 'placement'>,
    usesGpu: boolean,
  ): readonly PlaceableDevice[] | undefined {
    const isChoosy = devices.some((id) => id !== 'cpu') || Object.keys(labels).length > 0;
    if (isChoosy || usesGpu) this.#reading ??= this.#learn();
    return usesGpu && this.#devices.length === 0 ? undefined : this.#placeable;
  }

  /** GPUs and the like, as they were last read; undefined = nobody has, and somebody does now. */
  get accelerators(): readonly Device[] | undefined {
    this.#reading ??= this.#learn();
    return this.#devices.length === 0 ? undefined : this.#devices.filter(({ kind }) => kind !== 'cpu');
  }

  get #placeable(): readonly PlaceableDevice[] {
    const accelerators = this.#devices.filter(({ id }) => id !== 'cpu');
    return [{ id: 'cpu' }, ...accelerators.map(toPlaceable)].map((device) => {
      const mark = this.#markOf(device.id);
      return { ...device, isCordoned: mark?.isCordoned ?? false, labels: mark?.labels ?? {} };
    });
  }

  /** As they are now. */
  async readNow(): Promise<readonly Device[]> {
    await this.#read();
    return this.#devices;
  }

  /** As they are now, and who has them. */
  async view(kept: readonly KeptInstance[]): Promise<readonly DeviceView[]> {
    await this.#read();
    return this.#devices.map((device) => ({
      ...device,
      workerId: this.#parts.workerId,
      isCordoned: this.#markOf(device.id)?.isCordoned ?? false,
      labels: this.#markOf(device.id)?.labels ?? {},
      instances: kept
        .filter(({ instance }) => holdsDevices(instance) && instance.devices.includes(device.id))
        .map(({ id }) => id),
    }));
  }

  async mark(deviceId: string, marks: DeviceMarks): Promise<void> {
    const { db, workerId } = this.#parts;
    if (this.#devices.length === 0) await this.#read();
    if (!this.#placeable.some(({ id }) => id === deviceId))
      throw new RequestError('not_found', `There is no device '${deviceId}'.`);
    const before = this.#markOf(deviceId) ?? { isCordoned: false, labels: {} };
    await saveDeviceMark(db, { ...before, ...marks, workerId, deviceId });
    this.#marks = await listDeviceMarks(db);
  }

  async #learn(): Promise<void> {
    try {
      await this.#read();
      this.#parts.changed();
    } catch {
      // Whoever asks next has them read again.
      this.#reading = undefined;
    }
  }

  /** Once at a time for all who ask: each reading starts several programs. */
  #read(): Promise<void> {
    this.#current ??= this.#readAnew().finally(() => {
      this.#current = undefined;
    });
    return this.#current;
  }

  async #readAnew(): Promise<void> {
    this.#devices = await this.#parts.read();
  }

  #markOf(deviceId: string): DeviceMark | undefined {
    return this.#marks.find((mark) => mark.deviceId === deviceId && mark.workerId === this.#parts.workerId);
  }
}

function toPlaceable({ id, memoryBytes, memoryUsedBytes = 0 }: Device): Pick<PlaceableDevice, 'id' | 'freeBytes'> {
  return { id, freeBytes: Math.max(0, memoryBytes - memoryUsedBytes) };
}
