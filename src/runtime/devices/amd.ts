/** AMD's devices, as `rocm-smi` tells them, or the kernel's driver where that tool is missing. */

import { isObject } from '../../base/json.ts';
import type { Device } from '../../fleet/device.ts';
import { maxDevices, type ReadText, type RunProgram, toDevice, toName, toNumber, toPart } from './reading.ts';

const question = [
  ...['--showproductname', '--showuse', '--showmeminfo', 'vram'],
  ...['--showuniqueid', '--showdriverversion', '--json'],
];

/** Numbered in the tool's order, which is the order that ROCm's variables for visible devices count in. */
export async function readAmd(readText: ReadText, runProgram: RunProgram): Promise<Device[]> {
  const told = parseRocmSmi((await runProgram('rocm-smi', question)) ?? '');
  return told.length > 0 ? told : readDriver(readText);
}

/**
 * An object with a `cardN` for each device, all values texts; the keys' case differs between versions, see
 * https://github.com/marimo-team/marimo/issues/9237 and https://rocm.docs.amd.com/projects/rocm_smi_lib.
 */
function parseRocmSmi(output: string): Device[] {
  // Warnings may come first.
  const answer = parseObject(output.slice(Math.max(0, output.indexOf('{'))));
  const cards = Object.entries(answer)
    .flatMap(([key, value]) =>
      /^card\d{1,3}$/.test(key) && isObject(value) ? ([[Number(key.slice(4)), value]] as const) : [],
    )
    .sort(([a], [b]) => a - b);
  const driver = toName(textOf(answer['system'], 'Driver version'));
  return cards.slice(0, maxDevices).flatMap(([, card], index) => {
    const memoryBytes = toNumber(textOf(card, 'VRAM Total Memory (B)'));
    if (memoryBytes === undefined) return [];
    const name = toName(textOf(card, 'Card Series')) ?? toName(textOf(card, 'Card Model')) ?? 'AMD GPU';
    const facts = {
      memoryUsedBytes: toNumber(textOf(card, 'VRAM Total Used Memory (B)')),
      utilisation: toPart(textOf(card, 'GPU use (%)')),
      uuid: toName(textOf(card, 'Unique ID')),
      driver,
    };
    return [toDevice({ id: `rocm:${index}`, kind: 'rocm', name, memoryBytes }, facts)];
  });
}

/** https://docs.kernel.org/gpu/amdgpu/driver-misc.html: one value a file, sizes in bytes. */
function readDriver(readText: ReadText): Device[] {
  const folders = Array.from({ length: maxDevices }, (_, card) => `/sys/class/drm/card${card}/device`);
  const present = folders.flatMap((folder) => {
    const memoryBytes = toNumber(readText(`${folder}/mem_info_vram_total`));
    return memoryBytes === undefined ? [] : [{ folder, memoryBytes }];
  });
  return present.map(({ folder, memoryBytes }, index) => {
    const name = toName(readText(`${folder}/product_name`)) ?? 'AMD GPU';
    const facts = {
      memoryUsedBytes: toNumber(readText(`${folder}/mem_info_vram_used`)),
      utilisation: toPart(readText(`${folder}/gpu_busy_percent`)),
      uuid: toName(readText(`${folder}/unique_id`)),
    };
    return toDevice({ id: `rocm:${index}`, kind: 'rocm', name, memoryBytes }, facts);
  });
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown, key: string): string | undefined {
  if (!isObject(value)) return undefined;
  const found = Object.entries(value).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
  return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined;
}
