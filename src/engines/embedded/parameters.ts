/** The embedded engine's backend parameters: llama.cpp's spellings of what it can be told. */

import { RequestError } from '../../base/errors.ts';
import type { DeploymentSpec } from '../../fleet/deployment.ts';
import type { RunWishes } from '../engine.ts';

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
  for (const { name, value, path } of readPairs(deployment.backendParameters)) {
    const found = parameters.find(({ spellings }) => spellings.includes(name));
    if (found !== undefined) given.set(found.setting, toInteger(value, found, path));
    else if (needless.has(name)) notes.push(`--${name} has no effect here: tool calls work without it.`);
    else throw unknown(name, path);
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

interface Pair {
  readonly name: string;
  readonly value?: string;
  readonly path: string;
}

/** Words as a shell would have split them, taken together: a flag and, unless it needs none, its value. */
function* readPairs(entries: readonly string[]): Generator<Pair> {
  const words = entries.flatMap((entry, index) => {
    const path = `backendParameters[${index}]`;
    return entry
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => ({ word, path }));
  });
  for (let place = 0; place < words.length; place++) {
    const { word, path } = words[place] ?? { word: '', path: '' };
    const [, spelt, , inline] = /^--?([A-Za-z][\w-]*)(=(.*))?$/s.exec(word) ?? [];
    if (spelt === undefined)
      throw new RequestError('invalid_value', `'${word}' is no flag; flags begin with --.`, { param: path });
    const name = spelt.toLowerCase().replaceAll('_', '-');
    const following = words[place + 1]?.word;
    const takesNext =
      inline === undefined && needless.get(name) !== 0 && following !== undefined && !/^--?[A-Za-z]/.test(following);
    if (takesNext) place++;
    const value = inline ?? (takesNext ? following : undefined);
    yield { name, path, ...(value !== undefined && { value }) };
  }
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
