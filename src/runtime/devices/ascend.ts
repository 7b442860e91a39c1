/** Huawei's Ascend devices, as the table of `npu-smi info` shows them. */

import type { Device } from '../../fleet/device.ts';
import { maxDevices, type RunProgram, toDevice, toName, toNumber, toPart } from './reading.ts';

/** PCI: domain, bus, device, function. */
const busId = /^[\da-f]{4,8}:[\da-f]{2}:[\da-f]{2}\.\d$/i;

/**
 * Two rows a chip: number and name of its card, then the chip's own number, its bus, and what is used. Widths and
 * columns differ: one chip a card in https://github.com/1Panel-dev/1Panel/issues/9472, two, which are numbered through
 * as well, in https://github.com/vllm-project/vllm-ascend/issues/2534.
 */
export async function readAscend(runProgram: RunProgram): Promise<Device[]> {
  const rows = ((await runProgram('npu-smi', ['info'])) ?? '').split('\n').slice(0, 1_000).map(toCells);
  const driver = /Version:\s*([\w.]+)/.exec(rows.slice(0, 5).join('\n'))?.[1];
  const chips = rows.flatMap(([card = ''], at) => {
    const [chip = '', bus = '', usage = ''] = rows[at + 1] ?? [];
    const name = /^\d+\s+(\S.*)$/.exec(card)?.[1];
    return name !== undefined && busId.test(bus) ? [{ name, usage, number: /^\d+\s+(\d{1,3})$/.exec(chip)?.[1] }] : [];
  });
  return chips.slice(0, maxDevices).flatMap(({ name, usage, number }, index) => {
    const { memoryBytes, memoryUsedBytes } = toMemory(usage);
    if (memoryBytes === undefined) return [];
    const facts = { memoryUsedBytes, driver, utilisation: toPart(/^\S+/.exec(usage)?.[0]) };
    const id = `ascend:${Number(number ?? index)}`;
    return [toDevice({ id, kind: 'ascend', name: toName(name) ?? 'Ascend', memoryBytes }, facts)];
  });
}

function toCells(line: string): string[] {
  return line.startsWith('|')
    ? line
        .slice(1)
        .split('|')
        .map((cell) => cell.trim())
    : [];
}

/** The pairs `used / total` in MB, of which the last that is not empty is the memory that weights go to. */
function toMemory(usage: string): { memoryBytes?: number | undefined; memoryUsedBytes?: number | undefined } {
  const pairs = [...usage.matchAll(/(\d{1,9})\s*\/\s*(\d{1,9})/g)];
  const [, used, total] = pairs.findLast((pair) => Number(pair[2]) > 0) ?? [];
  return { memoryBytes: toNumber(total, 1 << 20), memoryUsedBytes: toNumber(used, 1 << 20) };
}
