/** The backend parameters that share a model out among several GPUs, by llama.cpp's spellings. */

import { RequestError } from '../../base/errors.ts';
import type { Flag } from '../../fleet/backend-words.ts';
import type { GpuSplit } from '../engine.ts';

/** llama.cpp's own limit of devices (`llama_max_devices`). */
export const maxGpus = 16;

interface Parameter {
  readonly spellings: readonly string[];
  /** For people: what it may be. */
  readonly needs: string;
  /** Undefined = it is none. */
  readonly read: (value: string) => GpuSplit | undefined;
}

const modes = ['none', 'layer', 'row'] as const;

const parameters: readonly Parameter[] = [
  {
    spellings: ['split-mode', 'sm'],
    needs: 'none, layer or row',
    read: (value) => {
      const mode = modes.find((each) => each === value);
      return mode && { mode };
    },
  },
  {
    spellings: ['tensor-split', 'ts'],
    needs: `up to ${maxGpus} numbers with commas between them, not all of them 0, such as 3,1`,
    read: (value) => {
      const shares = value
        .split(/[,/]/)
        .map((part) => (/^\d{1,6}(\.\d{1,6})?$/.test(part) ? Number(part) : Number.NaN));
      const isSplit = shares.length <= maxGpus && !shares.some(Number.isNaN) && shares.some((share) => share > 0);
      return isSplit ? { shares } : undefined;
    },
  },
  {
    spellings: ['main-gpu', 'mg'],
    needs: `a whole number from 0 to ${maxGpus - 1}`,
    read: (value) => (/^\d{1,2}$/.test(value) && Number(value) < maxGpus ? { main: Number(value) } : undefined),
  },
];

/** How they are spelt first, for lists. */
export const gpuSplitNames: readonly string[] = parameters.map(({ spellings: [first = ''] }) => first);

/** What the flag says; undefined if it is another one. Throws RequestError that says what it may be. */
export function readGpuSplit({ name, values, path }: Flag): GpuSplit | undefined {
  const parameter = parameters.find(({ spellings }) => spellings.includes(name));
  if (parameter === undefined) return undefined;
  const value = values[0]?.word ?? '';
  const split = parameter.read(value);
  if (split !== undefined) return split;
  const message = `--${parameter.spellings[0]} needs ${parameter.needs}; '${value.slice(0, 100)}' is none of that.`;
  throw new RequestError('invalid_value', message, { param: path });
}
