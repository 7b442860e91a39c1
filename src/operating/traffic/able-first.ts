/** Which deployments behind a route can answer now: the others are asked only after them. */

import type { Deployment } from '../../fleet/deployment.ts';
import type { Fleet } from '../fleet.ts';
import { wantedReplicas } from '../reconcile.ts';

/** The same order, but those that can answer now before those that cannot. */
export function ableFirst(fleet: Fleet, deployments: readonly Deployment[]): readonly Deployment[] {
  const able = new Set(deployments.filter((deployment) => isAble(fleet, deployment)));
  return [...deployments.filter((each) => able.has(each)), ...deployments.filter((each) => !able.has(each))];
}

/** Is an instance well, or would one be loaded as soon as somebody asks? */
function isAble(fleet: Fleet, deployment: Deployment): boolean {
  const kept = fleet.keptOf(deployment.id);
  if (kept.some(({ instance }) => instance.state === 'ready')) return true;
  const loadsOnDemand = deployment.keepAliveSeconds !== undefined && wantedReplicas(deployment, true) > 0;
  return loadsOnDemand && kept.every(({ instance }) => instance.state !== 'failed' && instance.state !== 'ailing');
}
