/** What of a wish to install is known to be impossible before anything is begun. */

import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { RequestError } from '../../base/errors.ts';
import { packageVersion } from '../../engines/embedded/library-version.ts';
import { librarySets } from '../../engines/embedded/packages.ts';
import type { EngineWish } from '../../fleet/engine.ts';

/** Throws RequestError that names the field. */
export async function checkEngineWish(wish: EngineWish): Promise<void> {
  if (wish.name === 'vllm') checkVllm(wish);
  else checkLibraries(wish);
  if (wish.wheels !== undefined) await checkFolder(wish.wheels);
}

function checkVllm({ accelerator }: EngineWish): void {
  if (accelerator === undefined || accelerator === 'cpu' || accelerator === 'cuda') return;
  throw wrong('accelerator', `vLLM is installed for 'cuda' or 'cpu', not for '${accelerator}'.`);
}

function checkLibraries({ accelerator, version }: EngineWish): void {
  if (version !== undefined && version !== packageVersion)
    throw wrong(
      'version',
      `This program knows version ${packageVersion} of the libraries only; leave the version out.`,
    );
  const machine = `${process.platform}-${process.arch}`;
  const known = [...new Set(librarySets(machine).map((set) => set.accelerator))];
  if (known.some((each) => each === accelerator)) return;
  const choice = known.length === 0 ? 'there are none' : `there are: ${known.join(', ')}`;
  throw wrong('accelerator', `Say which accelerator the libraries are for; for ${machine} ${choice}.`);
}

async function checkFolder(folder: string): Promise<void> {
  const found = isAbsolute(folder) ? await stat(folder).catch(() => undefined) : undefined;
  if (found?.isDirectory() !== true)
    throw wrong('wheels', `'${folder}' is no folder of this machine; name it by its absolute path.`);
}

function wrong(param: string, message: string): RequestError {
  return new RequestError('invalid_value', message, { param });
}
