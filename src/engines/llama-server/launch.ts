/** What to run as llama-server: one argument list, the secret kept out of it. */

import { Bug, ConfigError } from '../../base/errors.ts';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import type { LaunchPlan } from '../../runtime/launch-plan.ts';
import type { EngineAddress, Slot, UrlAddress } from '../engine.ts';

/**
 * Computing threads wait for each other by spinning: where other programs keep the cores busy, two were three times slower
 * than one on a model of 4 MB (a call of 44 tokens for each of 16 requests: 3.5 s and 1.3 s).
 */
const tinyModelBytes = 64 << 20;

/** Streams hold a thread of its HTTP server each; these are left for small questions. */
const spareThreads = 8;

/**
 * The program's flags, the person's behind ours: of two that say the same, llama-server takes the last. `--special`:
 * special tokens are written out, so that none hides in a code point that is not whole yet.
 */
export function planLlamaServer(command: readonly string[], spec: ModelSpec, slot: Slot): LaunchPlan {
  const [program, ...prefix] = command;
  if (program === undefined) throw new Bug('llama-server needs a command');
  const { url, token } = toUrl(slot.address);
  const { hostname, port } = new URL(url);
  const { parallel, gpuLayers } = slot;
  const threads = slot.threads ?? (spec.sizeBytes < tinyModelBytes ? 1 : undefined);
  const contextSize = slot.contextSize ?? spec.trainedContext;
  return {
    command: program,
    arguments: [
      ...prefix,
      ...['--model', firstFile(spec), '--host', hostname, '--port', port],
      // It counts the context of all requests together.
      ...['--ctx-size', `${contextSize * parallel}`, '--parallel', `${parallel}`],
      ...['--threads-http', `${parallel + spareThreads}`, '--metrics', '--special', '--no-webui', '--offline'],
      ...(threads === undefined ? [] : ['--threads', `${threads}`]),
      ...(gpuLayers === undefined || gpuLayers < 0 ? [] : ['--n-gpu-layers', `${gpuLayers}`]),
      ...(isOnProcessor(slot) ? ['--device', 'none'] : []),
      ...slot.passed,
    ],
    environment: { ...slot.environment, ...visible(slot), LLAMA_API_KEY: token },
    input: '',
  };
}

/** The address as one with a URL. */
export function toUrl(address: EngineAddress): UrlAddress {
  if ('url' in address) return address;
  throw new Bug('llama-server listens on ports');
}

/** How each kind of accelerator is told apart for a program; numbers are those of the vendor's own tool. */
const visibleDevices: ReadonlyMap<
  string,
  Readonly<Record<'numbers', string> & Partial<Record<'order', string>>>
> = new Map([
  ['cuda', { numbers: 'CUDA_VISIBLE_DEVICES', order: 'CUDA_DEVICE_ORDER' }],
  ['rocm', { numbers: 'HIP_VISIBLE_DEVICES' }],
]);

/** Of other kinds of device (`metal:0`, `vulkan:0`) the program sees all that its build knows. */
function visible(slot: Slot): Readonly<Record<string, string>> {
  const kinds = new Set(slot.devices.map((device) => device.split(':')[0] ?? ''));
  if (isOnProcessor(slot)) return {};
  if (kinds.size > 1)
    throw new ConfigError(
      'device_unavailable',
      `llama-server cannot compute on ${slot.devices.join(' and ')} together; choose devices of one kind.`,
    );
  const names = visibleDevices.get([...kinds][0] ?? '');
  if (names === undefined) return {};
  const numbers = slot.devices.map((device) => device.split(':')[1] ?? '').join(',');
  return { [names.numbers]: numbers, ...(names.order !== undefined && { [names.order]: 'PCI_BUS_ID' }) };
}

function isOnProcessor({ gpu, devices }: Slot): boolean {
  return gpu === 'off' || (devices.length > 0 && devices.every((device) => device === 'cpu'));
}

function firstFile({ files, name }: ModelSpec): string {
  const [first] = files;
  if (first === undefined) throw new Bug(`the model '${name}' has no files`);
  return first;
}
