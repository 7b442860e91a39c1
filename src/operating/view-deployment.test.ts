import { describe, expect, it } from 'vitest';
import { aDeployment } from '../../test/fixtures/deployment.ts';
import { settle, stagedId, type stageFleet, startFleet, until } from './fixtures/staged-fleet.ts';
import type { ModelFacts } from './fleet-control.ts';
import { viewDeployment } from './view-deployment.ts';

const model: ModelFacts = {
  ...{ name: 'm', architecture: 'qwen2', sizeBytes: 1, trainedContext: 32_768, contextPerRequest: 32_768 },
  ...{ toolFormat: 'hermes', toolFormatEvidence: 'it says so' },
};

/** The view of what the fleet has. */
function view(fleet: ReturnType<typeof stageFleet>['fleet'], deployment = aDeployment()) {
  return viewDeployment({ deployment, kept: fleet.keptOf(stagedId), isDemanded: fleet.isDemanded(stagedId) });
}

describe('the state of a deployment', () => {
  it('is starting, ready, partly ready and stopped, as its instances are', async () => {
    const wish = aDeployment({ replicas: 2 });
    const { fleet } = startFleet(wish, ['well', 'never']);
    expect(view(fleet, wish)).toMatchObject({ state: 'starting', readyReplicas: 0 });
    await until(fleet, (kept) => kept.some(({ instance }) => instance.state === 'ready'));
    expect(view(fleet, wish)).toMatchObject({ state: 'partly-ready', readyReplicas: 1 });
    expect(view(fleet, aDeployment())).toMatchObject({ state: 'ready' });
    expect(view(fleet, aDeployment({ replicas: 0 }))).toMatchObject({ state: 'stopped' });
    expect(view(fleet, aDeployment({ isStopped: true }))).toMatchObject({ state: 'stopped' });
  });

  it('is failed with the reason of the last failure', async () => {
    const { fleet } = startFleet(aDeployment({ restart: 'never' }), ['badly']);
    await until(fleet, ([kept]) => kept?.instance.state === 'failed');
    expect(view(fleet)).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/^The weights are broken\. \(/),
    });
  });

  it('says what it waits for', async () => {
    const { fleet } = startFleet(aDeployment(), [], { place: () => ({ reason: 'no device is free' }) });
    await settle();
    expect(view(fleet)).toMatchObject({ state: 'starting', reason: 'no device is free' });
  });

  it('is idle until somebody asks', async () => {
    const lazy = aDeployment({ keepAliveSeconds: 60 });
    const { fleet } = startFleet(lazy, ['never']);
    expect(view(fleet, lazy).state).toBe('idle');
    fleet.demand(stagedId);
    expect(view(fleet, lazy).state).toBe('starting');
  });
});

describe('the warnings of a deployment', () => {
  const warnings = (changes: Partial<ModelFacts>, notes: string[] = []) => {
    const facts = { deployment: aDeployment(), kept: [], isDemanded: false, model: { ...model, ...changes }, notes };
    return viewDeployment(facts).warnings;
  };

  it('tell of a small context, where tools are spoken of', () => {
    expect(warnings({})).toEqual([]);
    expect(warnings({ contextPerRequest: 16_384 })).toEqual([]);
    expect(warnings({ contextPerRequest: 16_383 })).toEqual([expect.stringContaining('raise contextSize')]);
    expect(warnings({ contextPerRequest: 2_048, trainedContext: 2_048 })).toEqual([
      expect.stringContaining('made for no more'),
    ]);
    expect(warnings({ contextPerRequest: 512, toolFormat: 'none' })).toEqual([]);
  });

  it('tell what else there is', () => {
    expect(warnings({}, ['--jinja has no effect here'])).toEqual(['--jinja has no effect here']);
  });
});
