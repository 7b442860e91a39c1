/** Which part of a model goes to which GPU, once the libraries have said which GPUs there are. */

import { ConfigError } from '../../base/errors.ts';
import { addressOf, type Library, type ModelParams, splitModes } from './layouts.ts';
import type { GpuSettings } from './settings.ts';

/** What is computed where. */
export interface Offload {
  readonly accelerator: string;
  /** Names, for people; none = the libraries found no device, though one was given. */
  readonly gpus: readonly string[];
  readonly layers: number;
  /** The output counts as one. */
  readonly allLayers: number;
}

/** The fields of llama.cpp's parameters that say it. */
export type OffloadParams = Pick<ModelParams, 'n_gpu_layers' | 'split_mode' | 'main_gpu' | 'tensor_split'>;

/** Parameters, and what native code reads through them: to be held until the model is loaded. */
export interface OffloadPlan {
  readonly params: Partial<OffloadParams>;
  readonly held: readonly ArrayBuffer[];
}

/** Everything on the processor. */
const noOffload: OffloadPlan = { params: { n_gpu_layers: 0 }, held: [] };

/** Throws ConfigError where a GPU that was asked for is not there, or is not among those there are. */
export function planOffload(library: Pick<Library, 'gpus' | 'maxDevices'>, gpu: GpuSettings | null): OffloadPlan {
  if (gpu === null) return noOffload;
  const count = library.gpus().length;
  if (count === 0 && !gpu.isWished) return noOffload;
  if (count === 0) throw noGpu(gpu);
  checkShares(gpu, count);
  const shares = new Float32Array(new ArrayBuffer(4 * Math.max(library.maxDevices(), gpu.shares.length)));
  shares.set(gpu.shares);
  return {
    params: {
      n_gpu_layers: gpu.layers,
      split_mode: splitModes[gpu.splitMode],
      main_gpu: gpu.main,
      ...(gpu.shares.length > 0 && { tensor_split: addressOf(shares.buffer) }),
    },
    held: [shares.buffer],
  };
}

/** What came of it, also if no GPU was found; undefined = everything was to be on the processor. */
export function describeOffload(
  library: Pick<Library, 'gpus'>,
  gpu: GpuSettings | null,
  modelLayers: number,
): Offload | undefined {
  if (gpu === null || gpu.layers === 0) return undefined;
  const gpus = library.gpus();
  const allLayers = modelLayers + 1;
  const wished = gpu.layers < 0 ? allLayers : Math.min(gpu.layers, allLayers);
  const layers = gpus.length === 0 ? 0 : wished;
  const used = gpu.splitMode === 'none' ? gpus.slice(gpu.main, gpu.main + 1) : gpus;
  return { accelerator: gpu.accelerator, gpus: used, layers, allLayers };
}

function checkShares({ shares, main }: GpuSettings, count: number): void {
  const there = `${count} ${count === 1 ? 'GPU is' : 'GPUs are'} given to this instance`;
  if (main >= count) throw new ConfigError('invalid_config', `--main-gpu ${main} is not there: ${there}, from 0.`);
  if (shares.length > count)
    throw new ConfigError('invalid_config', `--tensor-split names ${shares.length} shares, and ${there}.`);
}

function noGpu({ accelerator, folder }: GpuSettings): ConfigError {
  const message =
    `The libraries in ${folder} found no GPU that they can use. Check that its driver is installed ` +
    `(${accelerator === 'vulkan' ? 'vulkaninfo --summary' : 'nvidia-smi'} lists it), or use --gpu off.`;
  return new ConfigError('device_unavailable', message);
}
