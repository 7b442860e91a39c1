/** In which order a conversation asks the deployments behind a route. */

import { hashText } from '../../base/text-hash.ts';
import type { ModelRouteSpec } from '../../fleet/model-route.ts';

/**
 * The names of a route's targets, each first for its share of affinities and the fallbacks behind them. A conversation
 * keeps its order; where a weight changes, only as many conversations move as must. A target of weight 0 is left out.
 */
export function orderTargets({ targets, fallbacks }: ModelRouteSpec, affinity: string): readonly string[] {
  const scored = targets
    .filter(({ weight }) => weight > 0)
    .map(({ deployment, weight }) => ({ deployment, score: -Math.log(share(affinity, deployment)) / weight }));
  const ordered = scored.sort((a, b) => a.score - b.score).map(({ deployment }) => deployment);
  return [...new Set([...ordered, ...fallbacks])];
}

/** Between 0 and 1, both left out. */
function share(affinity: string, deployment: string): number {
  return (hashText(`${affinity} ${deployment}`) + 1) / (2 ** 32 + 1);
}
