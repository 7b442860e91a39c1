/** Whether a deployment leaves a GPU idle that it could use. */

import type { Deployment } from '../fleet/deployment.ts';
import type { Device } from '../fleet/device.ts';
import type { Engines } from '../operating/engines.ts';
import { describeUnusedGpus } from '../operating/unused-gpus.ts';

/** Who knows. */
export interface GpuExperts {
  readonly engines: Pick<Engines, 'kind'>;
  /** GPUs and the like; undefined = not read yet. */
  readonly accelerators: () => readonly Device[] | undefined;
}

/** A GPU must never be left idle in silence. */
export function gpuDoubts(deployment: Deployment, { engines, accelerators }: GpuExperts): readonly string[] {
  const { name, usesGpu } = engines.kind(deployment);
  const isMeant = name === 'embedded' && !usesGpu && deployment.gpu === 'auto';
  return isMeant ? describeUnusedGpus(accelerators() ?? []) : [];
}
