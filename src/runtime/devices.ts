/** The devices of this machine, each read with the tools that are there. */

import type { Device } from '../fleet/device.ts';
import { readAmd } from './devices/amd.ts';
import { readApple } from './devices/apple.ts';
import { readAscend } from './devices/ascend.ts';
import { readNvidia } from './devices/nvidia.ts';
import { readProcessor } from './devices/processor.ts';
import type { ReadText, RunProgram } from './devices/reading.ts';

/** All devices, the processor first; a tool that is missing, broken or slow costs only its own devices. */
export async function readDevices(readText: ReadText, runProgram: RunProgram): Promise<Device[]> {
  const processor = await readProcessor(readText, runProgram);
  const accelerators = await Promise.all([
    readNvidia(runProgram, processor),
    readAmd(readText, runProgram),
    readApple(runProgram, processor),
    readAscend(runProgram),
  ]);
  const devices = [processor, ...accelerators.flat()];
  return devices.filter(({ id }, at) => devices.findIndex((other) => other.id === id) === at);
}
