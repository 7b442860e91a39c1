/** Which deployments an engine runs. */

import type { InstalledEngine } from '../../fleet/engine.ts';
import { keyOfEngine } from '../engines.ts';
import type { KeptInstance } from '../kept-instance.ts';

/** The names of those whose instances were started with it; of libraries nobody knows, they are read at each start. */
export function usersOfEngine(
  { name, version }: InstalledEngine,
  kept: ReadonlyArray<Pick<KeptInstance, 'adoptable' | 'deployment'>>,
): readonly string[] {
  if (name === 'llama-libraries') return [];
  const key = keyOfEngine({ name, version });
  const users = kept.filter(({ adoptable }) => adoptable?.engine === key);
  return [...new Set(users.map(({ deployment }) => deployment.name))];
}
