/** From which hub repository a file in another program's folder came, as far as the folder tells. */

import type { DiskOrigin } from './model-places.ts';

/** `owner/name` of the hub, if the place tells. */
export function repositoryOf(origin: DiskOrigin, below: string): string | undefined {
  const folders = below.split('/').slice(0, -1);
  // The layout of Hugging Face, which llama.cpp uses too since 2026.
  const hub = folders.find((name) => /^models--.+--.+$/.test(name));
  if (hub !== undefined) return fromParts(hub.slice('models--'.length).split('--'));
  if (origin === 'modelscope') return modelScopeRepository(folders);
  if (origin === 'lm-studio') return fromParts(folders.slice(0, 2));
  return undefined;
}

/**
 * `models/OWNER--NAME/snapshots/REVISION/…` now, `[hub/][models/]OWNER/NAME/…` before, where a dot in NAME was `___`
 * (modelscope_hub 0.5, `_download.py`; modelscope 1.40, `hub/utils/utils.py`).
 */
function modelScopeRepository(folders: readonly string[]): string | undefined {
  const from = folders[0] === 'hub' ? 1 : 0;
  const [first = '', second = ''] = folders.slice(folders[from] === 'models' ? from + 1 : from);
  return fromParts(first.includes('--') ? first.split('--') : [first, second.replaceAll('___', '.')]);
}

/** A name may hold what separates it from its owner. */
function fromParts([owner = '', ...rest]: readonly string[]): string | undefined {
  const repository = `${owner}/${rest.join('--')}`;
  return /^[\w.-]+\/[\w.-]+$/.test(repository) ? repository : undefined;
}

/** A file's path inside its repository: what stands below the revision, where the place has revisions. */
export function pathInRepository(below: string): string {
  const parts = below.split('/');
  const at = parts.indexOf('snapshots');
  return at === -1 ? (parts.at(-1) ?? '') : parts.slice(at + 2).join('/');
}
