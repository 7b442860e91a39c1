/** A fleet whose server ends and leaves its engines to the next. */

import { describe, expect, it, vi } from 'vitest';
import { aDeployment } from '../../test/fixtures/deployment.ts';
import { type InstanceId, newInstance } from '../fleet/instance.ts';
import { allReady, leftBehind, type StageChanges, stagedId, stageFleet, until } from './fixtures/staged-fleet.ts';

/** A fleet that writes down what it notes and which addresses it drops. */
const watchedFleet = (outcomes: Parameters<typeof stageFleet>[0], changes: StageChanges = {}) => {
  const notes: Array<{ state: string; isAdoptable: boolean }> = [];
  const dropped: unknown[] = [];
  const staged = stageFleet(outcomes, {
    book: {
      note: ({ state }, adoptable) => void notes.push({ state, isAdoptable: adoptable !== undefined }),
      forget: () => {},
    },
    dropAddress: (address) => void dropped.push(address),
    ...changes,
  });
  return { ...staged, notes, dropped };
};

const leave = async ({ fleet }: ReturnType<typeof watchedFleet>): Promise<void> => {
  fleet.leaveEngines();
  await fleet.close();
};

describe('a fleet that leaves its engines', () => {
  it.each([
    ['ready', 'well'],
    ['starting', 'never'],
  ] as const)('lets one go that is %s, and keeps the note by which it is found', async (state, outcome) => {
    const watched = watchedFleet([outcome]);
    watched.fleet.want(aDeployment());
    watched.fleet.start();
    await until(watched.fleet, ([kept]) => kept?.instance.state === state && kept.adoptable !== undefined);
    await leave(watched);
    expect(watched.lives).toMatchObject([{ isLeft: true, isStopped: false }]);
    expect(watched.dropped).toEqual([]);
    expect(watched.notes.at(-1)).toEqual({ state, isAdoptable: true });
  });

  it('lets one go that it is just taking over itself', async () => {
    const watched = watchedFleet(['never'], { adopted: async () => true });
    watched.fleet.want(aDeployment());
    const facts = { id: 'ins_1' as InstanceId, deploymentId: stagedId, workerId: 'local', revision: 1 };
    const instance = { ...newInstance(facts, 0), state: 'ready' as const, run: 1 };
    watched.fleet.takeUp(instance, leftBehind(instance.id, 1));
    watched.fleet.start();
    await vi.waitFor(() => expect(watched.lives).toHaveLength(1));
    await leave(watched);
    expect(watched.lives).toMatchObject([{ isLeft: true, isStopped: false }]);
    expect(watched.dropped).toEqual([]);
  });

  it('ends that of a command line: nothing would find it again', async () => {
    const watched = watchedFleet([]);
    watched.fleet.want(aDeployment({ declaredBy: 'command-line' }));
    watched.fleet.start();
    await until(watched.fleet, allReady(1));
    await leave(watched);
    expect(watched.lives).toMatchObject([{ isLeft: false, isStopped: true }]);
    expect(watched.dropped).toHaveLength(1);
  });

  it('ends one that nobody wants any more, though it is still busy', async () => {
    const watched = watchedFleet([]);
    watched.fleet.want(aDeployment());
    watched.fleet.start();
    await until(watched.fleet, allReady(1));
    const done = watched.fleet.kept[0]?.enter();
    watched.fleet.unwant(stagedId);
    await until(watched.fleet, ([kept]) => kept?.instance.state === 'stopping');
    await leave(watched);
    done?.();
    expect(watched.lives).toMatchObject([{ isLeft: false, isStopped: true }]);
  });
});
