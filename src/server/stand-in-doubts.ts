/** Whether an engine runs in the place of the one that was asked for. */

import type { EngineKind } from '../engines/engine.ts';
import type { Deployment } from '../fleet/deployment.ts';

/** Who knows which engine a deployment gets. */
interface Chooser {
  kind(deployment: Deployment): Pick<EngineKind, 'name'>;
}

/** Who asked for a llama-server should know that none is there: log and parameters are not those of one. */
export function standInDoubts(deployment: Deployment, engines: Chooser): readonly string[] {
  if (deployment.backend !== 'llama-box' || engines.kind(deployment).name !== 'embedded') return [];
  return ['No llama-server is on the search path or named by --llama-server: the embedded engine takes its place.'];
}
