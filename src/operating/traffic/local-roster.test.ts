import { describe, expect, it } from 'vitest';
import { aDeployment } from '../../../test/fixtures/deployment.ts';
import { scriptedSpec } from '../../../test/fixtures/scripted-engine.ts';
import type { DeploymentId } from '../../fleet/deployment.ts';
import { patience, settle, stagedId, startFleet, until } from '../fixtures/staged-fleet.ts';
import type { ModelShelf } from '../shelves/model-shelf.ts';
import { findByName } from './local-roster.ts';

/** A shelf whose first model is there and whose others are on their way for ever. */
function slowShelf(present: number): ModelShelf {
  let taken = 0;
  return {
    peek: () => undefined,
    async take(_source, tell, signal) {
      if (taken++ < present) return scriptedSpec('');
      tell('38 % of 4.7 GB');
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
    },
  };
}

describe('acquire', () => {
  it('takes one that is ready while another is still fetched', async () => {
    const { fleet, roster } = startFleet(aDeployment({ replicas: 2 }), [], { shelf: slowShelf(1) });
    await until(fleet, (kept) => kept.some(({ instance }) => instance.reason.startsWith('38 %')));
    await expect(roster.acquire(aDeployment(), patience)).resolves.toMatchObject({ instance: fleet.kept[0]?.id });
  });

  it('says how far a download is, and does not wait for it', async () => {
    const { fleet, roster } = startFleet(aDeployment(), [], { shelf: slowShelf(0) });
    await until(fleet, ([kept]) => kept?.instance.state === 'fetching');
    await expect(roster.acquire(aDeployment(), patience)).rejects.toMatchObject({
      code: 'model_loading',
      message: expect.stringContaining('38 % of 4.7 GB'),
      detail: { retryAfter: 10 },
    });
  });

  it('says what there is no room on, and does not wait for it', async () => {
    const place = () => ({ reason: "No device is free: 'cuda:0' is in use." });
    const { roster } = startFleet(aDeployment(), [], { place });
    await expect(roster.acquire(aDeployment(), patience)).rejects.toMatchObject({
      code: 'model_loading',
      message: expect.stringMatching(/'cuda:0' is in use\.$/),
    });
  });

  it('waits for the room that one of its own is about to leave', async () => {
    let isFree = true;
    const place = () => (isFree ? { devices: ['cuda:0'] } : { reason: 'in use' });
    const { fleet, roster } = startFleet(aDeployment(), [], { place });
    const { release } = await roster.acquire(aDeployment(), patience);
    isFree = false;
    fleet.want(aDeployment({ isStopped: true }));
    await until(fleet, ([kept]) => kept?.instance.state === 'stopping');
    fleet.want(aDeployment());
    const waiting = roster.acquire(aDeployment(), patience);
    await until(fleet, ([, fresh]) => fresh?.instance.reason === 'in use');
    await settle();
    isFree = true;
    release();
    await expect(waiting).resolves.toMatchObject({ instance: fleet.kept.at(-1)?.id });
  });

  it('goes on for a deployment that is renamed while a request waits, and ends where it is deleted', async () => {
    const { fleet, roster } = startFleet(aDeployment(), ['never']);
    const waiting = roster.acquire(aDeployment(), patience);
    const other = roster.acquire(aDeployment(), patience);
    await until(fleet, ([kept]) => kept?.instance.state === 'starting');
    fleet.want(aDeployment({ name: 'another', revision: 2 }));
    expect(roster.find('another')?.id).toBe(stagedId);
    expect(roster.find('aimindserve-nano')).toBeUndefined();
    await settle();
    fleet.unwant(stagedId);
    await expect(waiting).rejects.toMatchObject({ code: 'model_not_found' });
    await expect(other).rejects.toMatchObject({ code: 'model_not_found' });
  });
});

describe('findByName', () => {
  const second = aDeployment({ id: 'dep_2' as DeploymentId, name: 'other', aliases: ['gpt-4o'] });
  const all = [aDeployment(), second];

  it.each(['dep_2', 'other', 'gpt-4o'])('knows a deployment as %s', (name) => {
    expect(findByName(all, name)).toBe(second);
  });

  it('knows names in their own letters only', () => {
    expect(findByName(all, 'GPT-4o')).toBeUndefined();
    expect(findByName(all, '')).toBeUndefined();
  });
});
