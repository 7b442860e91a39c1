/** The command line and environment that start vLLM for one model on some devices. */

import { Bug, ConfigError } from '../../base/errors.ts';
import { readFlags } from '../../fleet/backend-words.ts';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import type { LaunchPlan } from '../../runtime/launch-plan.ts';
import type { Slot, UrlAddress } from '../engine.ts';

/** What it calls its model: nobody but us asks it. */
export const servedName = 'model';

/** Words to add unless one of these flags, or its `no-` form, was passed. */
interface Injected {
  readonly words: readonly string[];
  readonly unless: readonly string[];
}

/** Pure: `command` is what comes before the flags. What a person passed goes before what is injected, never beside it. */
export function planVllm(command: readonly string[], spec: ModelSpec, slot: Slot): LaunchPlan {
  const [program, ...before] = command;
  const [model] = spec.files;
  if (program === undefined || model === undefined || !('url' in slot.address))
    throw new Bug('vLLM is started by a command, with a model, and listens on a port');
  const { hostname, port } = new URL(slot.address.url);
  return {
    command: program,
    arguments: [
      ...before,
      // The console program takes the model by its place.
      ...(before.at(-1) === 'serve' ? [model] : ['--model', model]),
      ...['--served-model-name', servedName],
      ...injectedWords(slot, spec),
      ...slot.passed,
      ...['--host', hostname, '--port', port],
    ],
    environment: { ...quiet, ...groundOf(slot, spec), ...slot.environment, ...secretOf(slot.address) },
    input: '',
  };
}

/** It neither asks a hub nor tells anybody; its log is read by people, without colours and at once. */
const quiet: Readonly<Record<string, string>> = {
  HF_HUB_OFFLINE: '1',
  TRANSFORMERS_OFFLINE: '1',
  VLLM_NO_USAGE_STATS: '1',
  DO_NOT_TRACK: '1',
  NO_COLOR: '1',
  PYTHONUNBUFFERED: '1',
  // We let connections go after a few idle seconds; were it as quick, a request could meet a connection just closed.
  VLLM_HTTP_TIMEOUT_KEEP_ALIVE: '600',
};

/** In the environment, as anybody on the machine can read command lines. */
function secretOf({ token }: UrlAddress): Readonly<Record<string, string>> {
  return token === '' ? {} : { VLLM_API_KEY: token };
}

function injectedWords(slot: Slot, spec: ModelSpec): readonly string[] {
  const passed = readFlags(slot.passed).map(({ name }) => name);
  const { contextSize, parallel, devices } = slot;
  const context: Injected = { words: ['--max-model-len', `${contextSize}`], unless: ['max-model-len'] };
  const injected: readonly Injected[] = [
    ...(contextSize === undefined ? [] : [context]),
    { words: ['--max-num-seqs', `${parallel}`], unless: ['max-num-seqs'] },
    ...(devices.length < 2 ? [] : [tensorParallel(devices.length)]),
    ...always,
    ...(isOnProcessor(slot) ? onProcessor(slot, spec) : []),
  ];
  const isSaid = ({ unless }: Injected): boolean =>
    unless.some((name) => passed.some((flag) => flag === name || flag === `no-${name}`));
  return injected.filter((each) => !isSaid(each)).flatMap(({ words }) => words);
}

const always: readonly Injected[] = [
  // By itself it changes the library for a grammar that one refuses, and the first one used stays for all.
  {
    words: ['--structured-outputs-config.backend', 'xgrammar'],
    unless: ['structured-outputs-config', 'structured-outputs-config.backend'],
  },
  { words: ['--enable-prompt-tokens-details'], unless: ['enable-prompt-tokens-details'] },
  { words: ['--disable-uvicorn-access-log'], unless: ['disable-uvicorn-access-log'] },
];

function tensorParallel(count: number): Injected {
  const others = ['tp', 'pipeline-parallel-size', 'pp', 'data-parallel-size', 'dp'];
  return { words: ['--tensor-parallel-size', `${count}`], unless: ['tensor-parallel-size', ...others] };
}

/**
 * On processors a request with a seed whose prompt is read in parts kills the engine (0.32.0: "CPU Generator does not
 * use offset"), so that whole prompts must fit one step.
 */
function onProcessor({ contextSize, parallel }: Slot, spec: ModelSpec): readonly Injected[] {
  const tokens = Math.max(contextSize ?? spec.trainedContext, parallel, usualStepTokens);
  return [
    { words: ['--dtype', 'bfloat16'], unless: ['dtype'] },
    {
      words: ['--no-enable-chunked-prefill', '--max-num-batched-tokens', `${tokens}`],
      unless: ['enable-chunked-prefill', 'max-num-batched-tokens'],
    },
  ];
}

/** Tokens that it reads in one step by itself. */
const usualStepTokens = 2_048;

/** How each kind of accelerator is told apart for a program; numbers are those of the vendor's own tool. */
const visibleDevices: ReadonlyMap<string, string> = new Map([
  ['cuda', 'CUDA_VISIBLE_DEVICES'],
  ['rocm', 'HIP_VISIBLE_DEVICES'],
  ['ascend', 'ASCEND_RT_VISIBLE_DEVICES'],
]);

function isOnProcessor({ devices }: Slot): boolean {
  return devices.every((device) => device === 'cpu');
}

function groundOf(slot: Slot, spec: ModelSpec): Readonly<Record<string, string>> {
  const { gpu, devices } = slot;
  if (gpu === 'vulkan' || gpu === 'metal') throw unavailable(`vLLM cannot compute with ${gpu}; use --gpu auto.`);
  if (isOnProcessor(slot)) {
    if (gpu === 'cuda')
      throw unavailable('A GPU was asked for (--gpu cuda), but there is none here; use --gpu auto or off.');
    return { VLLM_CPU_KVCACHE_SPACE: `${cacheGibibytes(slot, spec)}` };
  }
  const [kind = ''] = devices[0]?.split(':') ?? [];
  const name = visibleDevices.get(kind);
  const numbers = devices.map((device) => (device.startsWith(`${kind}:`) ? device.slice(kind.length + 1) : undefined));
  if (name === undefined || numbers.includes(undefined))
    throw unavailable(`vLLM cannot compute on ${devices.join(' and ')} together; choose devices of one kind.`);
  return { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', [name]: numbers.join(',') };
}

function unavailable(message: string): ConfigError {
  return new ConfigError('device_unavailable', message);
}

/** It takes whole gibibytes, one at least. */
function cacheGibibytes({ contextSize, parallel }: Slot, spec: ModelSpec): number {
  const tokens = (contextSize ?? spec.trainedContext) * parallel;
  return Math.max(1, Math.ceil((spec.kvBytesPerToken * tokens) / 2 ** 30));
}
