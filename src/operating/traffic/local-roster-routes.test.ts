/** Names that stand for several deployments, as requests see them. */

import { describe, expect, it } from 'vitest';
import { aDeployment } from '../../../test/fixtures/deployment.ts';
import { systemClock } from '../../base/clock.ts';
import type { Deployment, DeploymentId } from '../../fleet/deployment.ts';
import { completeRoute, type ModelRoute, type ModelRouteId } from '../../fleet/model-route.ts';
import { type Outcome, patience, stageFleet } from '../fixtures/staged-fleet.ts';
import { createLocalRoster } from './local-roster.ts';

const named = (name: string, changes: Partial<Deployment> = {}): Deployment =>
  aDeployment({ id: `dep_${name}` as DeploymentId, name, ...changes });

const route: ModelRoute = {
  ...completeRoute({ name: 'chat', targets: [{ deployment: 'a' }, { deployment: 'b' }], fallbacks: ['c'] }),
  ...{ id: 'rte_1' as ModelRouteId, revision: 1, createdAt: 0, updatedAt: 0 },
};

const affinities = Array.from({ length: 40 }, (_, index) => `${index}`);

/** A fleet of these, once as many instances are ready as are said to be. */
async function fleetOf(deployments: readonly Deployment[], outcomes: readonly Outcome[], readyCount: number) {
  const { fleet } = stageFleet(outcomes);
  for (const deployment of deployments) fleet.want(deployment);
  fleet.start();
  const isReady = () => fleet.kept.filter(({ instance }) => instance.state === 'ready').length === readyCount;
  while (!isReady()) await fleet.change(patience);
  const roster = createLocalRoster(fleet, systemClock, () => [route]);
  return { fleet, roster, behind: (affinity: string) => roster.behind('chat', affinity).map(({ name }) => name) };
}

describe('a route', () => {
  it('gives each conversation a target of its own, and keeps it', async () => {
    const { behind } = await fleetOf([named('a'), named('b'), named('c')], [], 3);
    const firsts = affinities.map((affinity) => behind(affinity)[0]);
    expect(new Set(firsts)).toEqual(new Set(['a', 'b']));
    expect(affinities.map((affinity) => behind(affinity)[0])).toEqual(firsts);
    expect(behind('x').toSorted()).toEqual(['a', 'b', 'c']);
    expect(behind('x')[2]).toBe('c');
  });

  it('asks those first that are ready, the fallback too where no target is', async () => {
    const { behind } = await fleetOf([named('a'), named('b'), named('c')], ['never', 'never', 'well'], 1);
    for (const affinity of affinities) expect(behind(affinity)[0]).toBe('c');
  });

  it('takes one that is loaded on demand for able', async () => {
    const lazy = named('a', { keepAliveSeconds: 60 });
    const { behind } = await fleetOf([lazy, named('b'), named('c')], [], 2);
    expect(new Set(affinities.map((affinity) => behind(affinity)[0]))).toEqual(new Set(['a', 'b']));
  });

  it('leaves out what is not deployed any more, and is nothing without any', async () => {
    const { behind, fleet, roster } = await fleetOf([named('b')], [], 1);
    expect(behind('x')).toEqual(['b']);
    fleet.unwant('dep_b' as DeploymentId);
    expect([behind('x'), roster.find('chat')]).toEqual([[], undefined]);
  });

  it('steps back where a deployment answers to its name', async () => {
    const { behind } = await fleetOf([named('a'), named('chat')], [], 2);
    expect(behind('x')).toEqual(['chat']);
  });
});
