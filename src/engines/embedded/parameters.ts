/** The embedded engine's backend parameters: llama.cpp's spellings of what it can be told. */

import { RequestError } from '../../base/errors.ts';
import type { DeploymentSpec } from '../../fleet/deployment.ts';
import type { RunWishes } from '../engine.ts';
import { type Flag, noFlag, readFlags } from '../read-words.ts';

type Setting = 'contextSize' | 'parallel' | 'threads' | 'gpuLayers';

interface Parameter {
  readonly setting: Setting;
  readonly spellings: readonly string[];
  readonly least: number;
}

const parameters: readonly Parameter[] = [
  { setting: 'contextSize', spellings: ['ctx-size', 'c', 'max-model-len'], least: 1 },
  { setting: 'parallel', spellings: ['parallel', 'np', 'max-num-seqs'], least: 1 },
  { setting: 'threads', spellings: ['threads', 't'], least: 1 },
  { setting: 'gpuLayers', spellings: ['gpu-layers', 'ngl', 'n-gpu-layers'], least: -1 },
];

/** Other engines need to be told that calls are wanted, and how they look; here that is known. */
const needless = new Map([
  ['enable-auto-tool-choice', 0],
  ['jinja', 0],
  ['tool-call-parser', 1],
]);

const greatest = 2 ** 31 - 1;

/**
 * Understands `--ctx-size 8192`, `--ctx-size=8192` and one word holding both. Under the backend `llama-box` the context
 * is that of all requests together, as that program counts it. Throws RequestError that lists what is known.
 */
export function readWishes(deployment: DeploymentSpec): RunWishes {
  const given = new Map<Setting, number>();
  const notes: string[] = [];
  for (const flag of readFlags(deployment.backendParameters)) {
    const { name, path } = flag;
    const found = parameters.find(({ spellings }) => spellings.includes(name));
    const most = found === undefined ? needless.get(name) : 1;
    if (most === undefined) throw unknown(name, path);
    refuseBeyond(flag, most);
    if (found === undefined) notes.push(`--${name} has no effect here: tool calls work without it.`);
    else given.set(found.setting, toInteger(flag.values[0]?.word, found, path));
  }
  const parallel = given.get('parallel') ?? deployment.parallel;
  const contextSize = contextPerRequest(deployment, given.get('contextSize'), parallel);
  const threads = given.get('threads') ?? deployment.threads;
  const gpuLayers = given.get('gpuLayers') ?? deployment.gpuLayers;
  return {
    parallel,
    // This engine computes on the processor; what is asked for by name is refused when it is planned.
    gpu: deployment.gpu,
    environment: deployment.environment,
    passed: [],
    notes,
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

function refuseBeyond({ values }: Flag, most: number): void {
  const [beyond] = values.slice(most);
  if (beyond !== undefined) throw noFlag(beyond.word, beyond.path);
}

function toInteger(value: string | undefined, { spellings: [name], least }: Parameter, path: string): number {
  const number = /^-?\d{1,10}$/.test(value ?? '') ? Number(value) : Number.NaN;
  if (number >= least && number <= greatest) return number;
  const message = `--${name} needs a whole number from ${least}, not '${value ?? ''}'.`;
  throw new RequestError('invalid_value', message, { param: path });
}

function unknown(name: string, path: string): RequestError {
  const known = parameters.map(({ spellings: [first] }) => `--${first}`).join(', ');
  return new RequestError('invalid_value', `The embedded engine does not know '--${name}'. It knows ${known}.`, {
    param: path,
  });
}
