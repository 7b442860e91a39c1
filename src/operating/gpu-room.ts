/** How much memory accelerators have for an instance: what lies on them, the machine need not hold. */

import type { EngineKind, EngineName } from '../engines/engine.ts';
import type { Device } from '../fleet/device.ts';

/** What driver and libraries take of each device before anything is loaded. */
const overheadBytes = 512 << 20;
/** What an engine split by layers wastes for each device beyond the first: layers are not divided. */
const layerShare = 0.02;

/** How an engine uses several devices at once. */
interface Sharing {
  /** The most of a device's memory that it takes, whatever is free. */
  readonly mostOfDevice: number;
  /** Bytes of a model that so much room on each device is good for. */
  readonly join: (rooms: readonly number[]) => number;
}

/** Each device holds an equal part of everything: the smallest decides. */
const equalParts = (rooms: readonly number[]): number => rooms.length * Math.min(...rooms);
/** Each holds as many layers as fit. */
const wholeLayers = (rooms: readonly number[]): number =>
  rooms.reduce((sum, room) => sum + room, 0) / (1 + (rooms.length - 1) * layerShare);

/** vLLM: `--gpu-memory-utilization` is 0.9 unless somebody says otherwise; llama.cpp takes what it needs. */
const sharing: Readonly<Record<EngineName, Sharing>> = {
  vllm: { mostOfDevice: 0.9, join: equalParts },
  embedded: { mostOfDevice: 1, join: wholeLayers },
  'llama-box': { mostOfDevice: 1, join: wholeLayers },
  openai: { mostOfDevice: 1, join: wholeLayers },
};

/** Bytes for weights and context on the devices of these ids; undefined = the machine's own memory is what counts. */
export function gpuRoom(
  { name, usesGpu }: Pick<EngineKind, 'name' | 'usesGpu'>,
  ids: readonly string[],
  devices: readonly Device[],
): number | undefined {
  const used = devices.filter(({ id, kind }) => ids.includes(id) && kind !== 'cpu');
  if (!usesGpu || used.length === 0 || used.some(({ isUnified }) => isUnified)) return undefined;
  const { mostOfDevice, join } = sharing[name];
  const rooms = used.map(({ memoryBytes, memoryUsedBytes = 0 }) =>
    Math.max(0, Math.min(memoryBytes * mostOfDevice, memoryBytes - memoryUsedBytes) - overheadBytes),
  );
  return Math.floor(join(rooms));
}
