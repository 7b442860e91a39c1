/** Where this and other programs keep models on this machine, by their own documentation and environment variables. */

import { join } from 'node:path';
import type { ModelFile } from '../../fleet/download.ts';

/** Whose files they are; only `own` ones may ever be removed by us. */
export type DiskOrigin = Exclude<ModelFile['origin'], 'bundled'>;

/** A folder that may hold models (or may not be there). */
export interface ModelPlace {
  readonly origin: DiskOrigin;
  readonly folder: string;
}

/** What decides where the places are. */
export interface Machine {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
}

/** All places of this machine; `ownFolder` is `models/` in the data directory. */
export function modelPlaces(machine: Machine, ownFolder: string): ModelPlace[] {
  const places: Array<[DiskOrigin, readonly string[]]> = [
    ['own', [ownFolder]],
    ['huggingface', huggingFaceFolders(machine)],
    ['modelscope', modelScopeFolders(machine)],
    ['ollama', ollamaFolders(machine)],
    ['lm-studio', lmStudioFolders(machine)],
    ['llama.cpp', llamaFolders(machine)],
  ];
  return places.flatMap(([origin, folders]) => folders.map((folder) => ({ origin, folder })));
}

/** https://huggingface.co/docs/hub/local-cache; `XDG_CACHE_HOME` as huggingface_hub and llama.cpp read it. */
function huggingFaceFolders({ environment, home }: Machine): string[] {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = environment;
  const direct = HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE;
  if (direct) return [direct];
  if (HF_HOME) return [join(HF_HOME, 'hub')];
  return [join(XDG_CACHE_HOME || join(home, '.cache'), 'huggingface', 'hub')];
}

/** modelscope 1.40 and modelscope_hub 0.5: `_download.py`, `hub/utils/utils.py`; old layouts lie under the same root. */
function modelScopeFolders({ environment, home }: Machine): string[] {
  return [environment.MODELSCOPE_CACHE || environment.MS_CACHE_HOME || join(home, '.cache', 'modelscope')];
}

/** https://docs.ollama.com/faq ("Where are models stored?"); on Linux the service has a home of its own. */
function ollamaFolders({ environment, home, platform }: Machine): string[] {
  if (environment.OLLAMA_MODELS) return [environment.OLLAMA_MODELS];
  const own = join(home, '.ollama', 'models');
  return platform === 'linux' ? [own, '/usr/share/ollama/.ollama/models'] : [own];
}

/** https://lmstudio.ai/docs/basics/import-model; before 0.3.6 it was in the cache folder. */
function lmStudioFolders({ home }: Machine): string[] {
  return [join(home, '.lmstudio', 'models'), join(home, '.cache', 'lm-studio', 'models')];
}

/** llama.cpp, common/common.cpp, `fs_get_cache_directory`. */
function llamaFolders({ environment, home, platform }: Machine): string[] {
  const { LLAMA_CACHE, LOCALAPPDATA, XDG_CACHE_HOME } = environment;
  if (LLAMA_CACHE) return [LLAMA_CACHE];
  if (platform === 'win32') return LOCALAPPDATA ? [join(LOCALAPPDATA, 'llama.cpp')] : [];
  if (platform === 'darwin') return [join(home, 'Library', 'Caches', 'llama.cpp')];
  return [join(XDG_CACHE_HOME || join(home, '.cache'), 'llama.cpp')];
}
