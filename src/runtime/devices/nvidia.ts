/** NVIDIA's devices, as `nvidia-smi` lists them. */

import type { Device } from '../../fleet/device.ts';
import { maxDevices, type RunProgram, toDevice, toName, toNumber, toPart } from './reading.ts';

/** Described by `nvidia-smi --help-query-gpu`; sizes come in MiB. */
const fields = ['index', 'uuid', 'name', 'driver_version', 'memory.total', 'memory.used', 'utilization.gpu'];

/**
 * One device a line. Where processor and GPU share their memory (GB10) the tool does not tell its size, see
 * https://docs.nvidia.com/dgx/dgx-spark/known-issues.html: then it is the machine's.
 */
export async function readNvidia(runProgram: RunProgram, machine: Device): Promise<Device[]> {
  const output = await runProgram('nvidia-smi', [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits']);
  const lines = (output ?? '').split('\n').slice(0, maxDevices);
  return lines.flatMap((line) => parseLine(line, machine) ?? []);
}

function parseLine(line: string, machine: Device): Device | undefined {
  const cells = line.split(',').map((cell) => cell.trim());
  const [index = '', uuid, name, driver, total, used, utilisation] = cells;
  if (cells.length !== fields.length || !/^\d{1,3}$/.test(index)) return undefined;
  const ownBytes = toNumber(total, 1 << 20);
  const isUnified = ownBytes === undefined ? true : undefined;
  const memoryUsedBytes = isUnified ? machine.memoryUsedBytes : toNumber(used, 1 << 20);
  return toDevice(
    {
      id: `cuda:${Number(index)}`,
      kind: 'cuda',
      name: toName(name) ?? 'NVIDIA GPU',
      memoryBytes: ownBytes ?? machine.memoryBytes,
    },
    { memoryUsedBytes, isUnified, utilisation: toPart(utilisation), driver: toName(driver), uuid: toName(uuid) },
  );
}
