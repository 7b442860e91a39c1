/** Whether an instance computes on GPUs, with which libraries, and what its process must be told of them. */

import { ConfigError } from '../../base/errors.ts';
import type { Slot } from '../engine.ts';
import type { GpuLibraries } from './gpu-libraries.ts';
import type { GpuSettings } from './settings.ts';

/** The settings, and the environment in which the libraries find what they need. */
export interface ChosenGpu {
  readonly settings: GpuSettings;
  readonly environment: Readonly<Record<string, string>>;
}

type Wish = Pick<Slot, 'gpu' | 'devices' | 'gpuLayers' | 'gpuSplit' | 'environment'>;

/** Undefined = the processor; throws ConfigError where a GPU is asked for by name and cannot be had. */
export function chooseGpu(wish: Wish, installed: readonly GpuLibraries[]): ChosenGpu | undefined {
  const { gpu, gpuLayers = -1, gpuSplit = {}, devices } = wish;
  if (gpu === 'off' || (gpu === 'auto' && gpuLayers === 0)) return undefined;
  const named = installed.find(({ accelerator }) => accelerator === gpu);
  if (gpu !== 'auto' && named === undefined) throw notInstalled(gpu);
  const libraries = named ?? installed.find((each) => devices.some((id) => isFor(each, id)));
  if (libraries === undefined) return undefined;
  const { accelerator, folder } = libraries;
  return {
    settings: { accelerator, folder, isWished: gpu !== 'auto', layers: gpuLayers, ...splitOf(gpuSplit) },
    environment: environmentOf(libraries, wish),
  };
}

/** Every GPU can be driven through Vulkan. */
function isFor({ accelerator }: GpuLibraries, deviceId: string): boolean {
  const [kind] = deviceId.split(':');
  return accelerator === 'vulkan' ? kind === 'cuda' || kind === 'rocm' : kind === accelerator;
}

function splitOf({ mode = 'layer', shares = [], main = 0 }: NonNullable<Wish['gpuSplit']>) {
  return { splitMode: mode, shares, main };
}

/** `CUDA_DEVICE_ORDER`: numbers as nvidia-smi has them, which is where our ids come from. */
function environmentOf({ accelerator, folder, runtimeFolders }: GpuLibraries, { devices, environment }: Wish) {
  const { LD_LIBRARY_PATH: own = '' } = environment;
  const paths = [folder, ...runtimeFolders, ...own.split(':')].filter((path) => path !== '');
  const numbers = devices.flatMap((id) => /^cuda:(\d+)$/.exec(id)?.[1] ?? []);
  const isNarrowed = accelerator === 'cuda' && numbers.length > 0;
  return {
    LD_LIBRARY_PATH: paths.join(':'),
    ...(isNarrowed && { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: numbers.join(',') }),
  };
}

function notInstalled(gpu: string): ConfigError {
  const message =
    `The embedded engine cannot compute with --gpu ${gpu}: its libraries are not installed. ` +
    `Install them with: aimindserve engine install llama --${gpu}`;
  return new ConfigError('device_unavailable', message);
}
