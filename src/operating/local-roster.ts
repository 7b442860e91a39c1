/** The fleet of one machine as requests see it: deployments and the keepers of their instances. */

import { Bug } from '../base/errors.ts';
import type { Candidate, Roster } from '../engines/roster.ts';
import type { Deployment } from '../fleet/deployment.ts';
import type { InstanceKeeper } from './instance-keeper.ts';

/** Finds a deployment's keeper for every request. */
export function createLocalRoster(keepers: readonly InstanceKeeper[]): Roster {
  const byName = new Map(keepers.flatMap((keeper) => keeper.deployment.names.map((name) => [name, keeper] as const)));
  const keeperOf = (deployment: Deployment): InstanceKeeper | undefined => byName.get(deployment.names[0] ?? '');
  return {
    find: (modelName) => byName.get(modelName)?.deployment,
    deployments: () => keepers.map((keeper) => keeper.deployment),
    async acquire(deployment, signal): Promise<Candidate> {
      const keeper = keeperOf(deployment);
      if (keeper === undefined) throw new Bug(`no instance is kept for '${deployment.names[0]}'`);
      const client = await keeper.ready(signal);
      return { instance: keeper.instance.id, deployment, spec: keeper.spec, client };
    },
  };
}
