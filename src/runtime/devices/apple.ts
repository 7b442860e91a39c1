/** The GPU of a Mac with Apple's own chip, which shares all memory with the processor. */

import { isObject } from '../../base/json.ts';
import type { Device } from '../../fleet/device.ts';
import { maxDevices, type RunProgram, toDevice, toName } from './reading.ts';

/** system_profiler(8), whose keys no page describes; GPUs of other makers share no memory and are left out. */
export async function readApple(runProgram: RunProgram, machine: Device): Promise<Device[]> {
  const output = await runProgram('system_profiler', ['SPDisplaysDataType', '-json']);
  const names = parseNames(output ?? '').slice(0, maxDevices);
  const { memoryBytes } = machine;
  return names.map((name, index) =>
    toDevice({ id: `metal:${index}`, kind: 'metal', name, memoryBytes }, { isUnified: true }),
  );
}

function parseNames(output: string): string[] {
  try {
    const report: unknown = JSON.parse(output);
    const entries = isObject(report) ? report['SPDisplaysDataType'] : undefined;
    return Array.isArray(entries) ? entries.flatMap((entry: unknown) => nameOf(entry) ?? []) : [];
  } catch {
    return [];
  }
}

function nameOf(entry: unknown): string | undefined {
  if (!isObject(entry) || entry['spdisplays_vendor'] !== 'sppci_vendor_Apple') return undefined;
  const model = entry['sppci_model'];
  return toName(typeof model === 'string' ? model : undefined) ?? 'Apple GPU';
}
