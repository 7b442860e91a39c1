/** The embedded engine's backend parameters: llama.cpp's spellings of what it can be told. */

import { RequestError } from '../../base/errors.ts';
import { type Flag, noFlag, readFlags } from '../../fleet/backend-words.ts';
import type { DeploymentSpec } from '../../fleet/deployment.ts';
import type { GpuSplit, RunWishes } from '../engine.ts';
import { type GivenSettings, readSetting, runSettings, settleWishes } from '../run-settings.ts';
import { gpuSplitNames, readGpuSplit } from './gpu-split.ts';

/** Other engines need to be told that calls are wanted, and how they look; here that is known. */
const needless = new Map([
  ['enable-auto-tool-choice', 0],
  ['jinja', 0],
  ['tool-call-parser', 1],
]);

/**
 * Understands `--ctx-size 8192`, `--ctx-size=8192` and one word holding both. Throws RequestError that lists what is
 * known.
 */
export function readWishes(deployment: DeploymentSpec): RunWishes {
  const given: GivenSettings = new Map();
  const notes: string[] = [];
  let gpuSplit: GpuSplit | undefined;
  for (const flag of readFlags(deployment.backendParameters)) {
    const { name, path } = flag;
    const split = readGpuSplit(flag);
    const found = runSettings.find(({ spellings }) => spellings.includes(name));
    const most = found === undefined && split === undefined ? needless.get(name) : 1;
    if (most === undefined) throw unknown(name, path);
    refuseBeyond(flag, most);
    if (split !== undefined) gpuSplit = { ...gpuSplit, ...split };
    else if (found === undefined) notes.push(`--${name} has no effect here: tool calls work without it.`);
    else given.set(found.setting, readSetting(flag, found));
  }
  return { ...settleWishes(deployment, given, { passed: [], notes }), ...(gpuSplit !== undefined && { gpuSplit }) };
}

function refuseBeyond({ values }: Flag, most: number): void {
  const [beyond] = values.slice(most);
  if (beyond !== undefined) throw noFlag(beyond.word, beyond.path);
}

function unknown(name: string, path: string): RequestError {
  const spelt = [...runSettings.map(({ spellings: [first = ''] }) => first), ...gpuSplitNames];
  const known = spelt.map((each) => `--${each}`).join(', ');
  return new RequestError('invalid_value', `The embedded engine does not know '--${name}'. It knows ${known}.`, {
    param: path,
  });
}
