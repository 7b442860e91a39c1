/** llama.cpp's backend parameters that say how an instance runs: understood alike by every engine built on it. */

import { RequestError } from '../base/errors.ts';
import type { Flag } from '../fleet/backend-words.ts';
import type { DeploymentSpec } from '../fleet/deployment.ts';
import type { RunWishes } from './engine.ts';

type Setting = 'contextSize' | 'parallel' | 'threads' | 'gpuLayers';

/** A setting, how flags spell it, and the least it may be. */
export interface RunSetting {
  readonly setting: Setting;
  readonly spellings: readonly string[];
  readonly least: number;
}

/** All of them, vLLM's names for the same among their spellings. */
export const runSettings: readonly RunSetting[] = [
  { setting: 'contextSize', spellings: ['ctx-size', 'c', 'max-model-len'], least: 1 },
  { setting: 'parallel', spellings: ['parallel', 'np', 'max-num-seqs'], least: 1 },
  { setting: 'threads', spellings: ['threads', 't'], least: 1 },
  { setting: 'gpuLayers', spellings: ['gpu-layers', 'ngl', 'n-gpu-layers'], least: -1 },
];

/** What flags said. */
export type GivenSettings = Map<Setting, number>;

const greatest = 2 ** 31 - 1;

/** The flag's number; throws RequestError where it is none. */
export function readSetting({ values, path }: Flag, { spellings: [name], least }: RunSetting): number {
  const value = values[0]?.word ?? '';
  const number = /^-?\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= greatest) return number;
  const message = `--${name} needs a whole number from ${least}, not '${value}'.`;
  throw new RequestError('invalid_value', message, { param: path });
}

/**
 * Parameters go before the deployment's fields. Under the backend `llama-box` the context is that of all requests
 * together, as that program counts it.
 */
export function settleWishes(
  deployment: DeploymentSpec,
  given: GivenSettings,
  rest: Pick<RunWishes, 'passed' | 'notes' | 'toolParser'>,
): RunWishes {
  const parallel = given.get('parallel') ?? deployment.parallel;
  const contextSize = contextPerRequest(deployment, given.get('contextSize'), parallel);
  const threads = given.get('threads') ?? deployment.threads;
  const gpuLayers = given.get('gpuLayers') ?? deployment.gpuLayers;
  return {
    parallel,
    gpu: deployment.gpu,
    environment: deployment.environment,
    ...rest,
    ...(contextSize !== undefined && { contextSize }),
    ...(threads !== undefined && { threads }),
    ...(gpuLayers !== undefined && { gpuLayers }),
  };
}

function contextPerRequest(
  deployment: DeploymentSpec,
  given: number | undefined,
  parallel: number,
): number | undefined {
  if (given === undefined) return deployment.contextSize;
  return deployment.backend === 'llama-box' ? Math.max(1, Math.floor(given / parallel)) : given;
}
