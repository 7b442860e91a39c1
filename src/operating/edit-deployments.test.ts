import { describe, expect, it } from 'vitest';
import { aDeployment } from '../../test/fixtures/deployment.ts';
import { systemClock } from '../base/clock.ts';
import { ConfigError, RequestError } from '../base/errors.ts';
import type { DeploymentId } from '../fleet/deployment.ts';
import { findDeployment, listDeployments } from '../store/deployments.ts';
import { createDeploymentEditor, type EditWorld } from './edit-deployments.ts';
import { awayWhile, openMemoryStore } from './fixtures/memory-store.ts';
import { type StageChanges, stageFleet } from './fixtures/staged-fleet.ts';
import { openRemoteKeys } from './remote-keys.ts';

async function open({ world = {}, stage = {} }: { world?: Partial<EditWorld>; stage?: StageChanges } = {}) {
  const db = await openMemoryStore();
  const { fleet } = stageFleet([], stage);
  let serial = 0;
  const newId = (prefix: 'dep' | 'ins') => `${prefix}_${++serial}`;
  const remoteKeys = await openRemoteKeys({ db, secretKey: new Uint8Array(32), clock: systemClock });
  const parts = { fleet, db, clock: systemClock, newId, remoteKeys, check: () => {} };
  const editor = createDeploymentEditor({ ...parts, ...world });
  return { db, fleet, editor, remoteKeys };
}

const bundled = { source: { kind: 'bundled' } } as const;

describe('createDeploymentEditor', () => {
  it('writes what it acknowledges, and the fleet has the same', async () => {
    const { db, fleet, editor } = await open();
    const made = await editor.create({ ...bundled, name: 'one' }, undefined);
    const edited = await editor.edit(made.id, (spec) => ({ ...spec, parallel: 2 }), 1);
    expect(edited).toMatchObject({ revision: 2, instanceRevision: 2, parallel: 2 });
    const stopped = await editor.setStopped(made.id, true);
    expect(stopped).toMatchObject({ revision: 3, instanceRevision: 2, isStopped: true });
    expect(await findDeployment(db, made.id)).toEqual(stopped);
    expect(fleet.deployment(made.id)).toEqual(stopped);
    expect(await editor.remove(made.id)).toEqual(stopped);
    expect(await listDeployments(db)).toEqual([]);
    expect(fleet.deployments).toEqual([]);
  });

  it('takes the names of what nobody asked for by name, and of nothing else', async () => {
    const { fleet, editor } = await open();
    const declared = aDeployment({ declaredBy: 'command-line', id: 'dep_flag' as DeploymentId });
    fleet.want(declared);
    await expect(editor.create(bundled, undefined)).rejects.toMatchObject({ code: 'name_taken' });
    fleet.letGiveWay(declared.id);
    await editor.create({ ...bundled, name: 'another' }, undefined);
    expect(fleet.deployment(declared.id)).toBeDefined();
    await editor.create(bundled, undefined);
    expect(fleet.deployments.map(({ name, declaredBy }) => [name, declaredBy])).toEqual([
      ['another', 'store'],
      ['aimindserve-nano', 'store'],
    ]);
  });

  it('makes changes that come at once one after another, and loses none', async () => {
    const { db, fleet, editor } = await open();
    const { id } = await editor.create(bundled, undefined);
    const edits = Array.from({ length: 8 }, (_, number) =>
      editor.edit(id, (spec) => ({ ...spec, aliases: [...spec.aliases, `alias-${number}`] })),
    );
    const stops = [editor.setStopped(id, true), editor.setStopped(id, false)];
    await Promise.all([...edits, ...stops]);
    const written = await findDeployment(db, id);
    expect(written?.aliases).toHaveLength(8);
    expect(written?.revision).toBe(11);
    expect(fleet.deployment(id)).toEqual(written);
  });

  it('refuses an edit of what has changed meanwhile', async () => {
    const { editor } = await open();
    const { id } = await editor.create(bundled, undefined);
    const both = await Promise.allSettled([
      editor.edit(id, (spec) => ({ ...spec, replicas: 2 }), 1),
      editor.edit(id, (spec) => ({ ...spec, replicas: 3 }), 1),
    ]);
    expect(both[0]).toMatchObject({ status: 'fulfilled', value: { replicas: 2 } });
    expect(both[1]).toMatchObject({ status: 'rejected', reason: { code: 'changed_meanwhile' } });
  });

  it('changes nothing while the database is away, and works when it is back', async () => {
    let isAway = false;
    const db = await openMemoryStore();
    const { fleet, editor } = await open({ world: { db: awayWhile(db, () => isAway) } });
    const made = await editor.create(bundled, undefined);
    isAway = true;
    await expect(editor.edit(made.id, (spec) => ({ ...spec, replicas: 2 }))).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    await expect(editor.remove(made.id)).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(editor.create({ ...bundled, name: 'b' }, undefined)).rejects.toMatchObject({ status: 503 });
    expect(fleet.deployments).toEqual([made]);
    isAway = false;
    await expect(editor.edit(made.id, (spec) => ({ ...spec, replicas: 2 }))).resolves.toMatchObject({ revision: 2 });
  });

  it('gives a name to one of two that want it at once, and to nobody the id of another', async () => {
    const { editor } = await open();
    const both = await Promise.allSettled([1, 2].map(() => editor.create({ ...bundled, name: 'same' }, undefined)));
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(both[1]).toMatchObject({ reason: { code: 'name_taken', detail: { param: 'name' } } });
    const thief = { ...bundled, name: 'thief', aliases: ['x', 'dep_1'] };
    await expect(editor.create(thief, undefined)).rejects.toMatchObject({ detail: { param: 'aliases[1]' } });
  });

  it('leaves alone what the command line declares, and what it does not know', async () => {
    const { fleet, editor } = await open();
    const flagged = aDeployment({ declaredBy: 'command-line' });
    fleet.want(flagged);
    for (const work of [
      editor.remove(flagged.id),
      editor.setStopped(flagged.id, true),
      editor.edit(flagged.id, () => flagged),
    ])
      await expect(work).rejects.toMatchObject({ code: 'conflict' });
    fleet.unwant(flagged.id);
    await expect(editor.remove(flagged.id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('refuses what no engine can run before anything is written', async () => {
    const check = () => {
      throw new RequestError('invalid_value', 'no', { param: 'backendParameters[0]' });
    };
    const { db, editor } = await open({ world: { check } });
    await expect(editor.create(bundled, undefined)).rejects.toMatchObject({ code: 'invalid_value' });
    expect(await listDeployments(db)).toEqual([]);
  });

  it('tries a new template on what is loaded, and refuses one that would break it', async () => {
    let isBroken = false;
    const inspect = async () => {
      if (isBroken) throw new ConfigError('model_unusable', 'The chat template cannot be used: it does not end.');
    };
    const { fleet, editor } = await open({ stage: { inspect } });
    fleet.start();
    const { id } = await editor.create(bundled, undefined);
    while (fleet.keptOf(id)[0]?.instance.state !== 'ready') await fleet.change(new AbortController().signal);
    isBroken = true;
    await expect(editor.edit(id, (spec) => ({ ...spec, chatTemplate: '{% for %}' }))).rejects.toMatchObject({
      code: 'invalid_value',
      detail: { param: 'chatTemplate' },
    });
    await expect(editor.edit(id, (spec) => ({ ...spec, replicas: 2 }))).resolves.toMatchObject({ replicas: 2 });
  });
});

describe('the key of a remote', () => {
  const source = { kind: 'remote', url: 'https://example.com/v1', model: 'm' } as const;
  const elsewhere = { ...source, url: 'https://example.org/v1' } as const;

  it('is kept beside the deployment, changed with new instances, and forgotten with it', async () => {
    const { db, editor, remoteKeys } = await open();
    const { id } = await editor.create({ source, remoteKey: 'one' }, undefined);
    expect(await remoteKeys.read({ id, source })).toBe('one');
    expect(JSON.stringify(await findDeployment(db, id))).not.toContain('one');
    expect(await editor.edit(id, (spec) => ({ ...spec, description: 'x' }))).toMatchObject({ instanceRevision: 1 });
    expect(await editor.edit(id, (spec) => ({ ...spec, remoteKey: 'two' }))).toMatchObject({ instanceRevision: 3 });
    expect(await remoteKeys.read({ id, source })).toBe('two');
    await editor.remove(id);
    expect(await remoteKeys.read({ id, source })).toBe('');
    expect(remoteKeys.hint({ id, source })).toBeUndefined();
  });

  it('never goes to another server than the one that it was given for', async () => {
    const { editor, remoteKeys } = await open();
    const { id } = await editor.create({ source, remoteKey: 'one' }, undefined);
    await editor.edit(id, (spec) => ({ ...spec, source: { ...source, url: 'https://example.com/v2' } }));
    expect(await remoteKeys.read({ id, source })).toBe('one');
    await editor.edit(id, (spec) => ({ ...spec, source: elsewhere }));
    expect(await remoteKeys.read({ id, source: elsewhere })).toBe('');
    expect(remoteKeys.hint({ id, source: elsewhere })).toBeUndefined();
    await editor.edit(id, (spec) => ({ ...spec, remoteKey: 'two' }));
    expect(await remoteKeys.read({ id, source: elsewhere })).toBe('two');
    // Nor to the earlier one, whose instances may just be starting.
    expect(await remoteKeys.read({ id, source })).toBe('one');
  });

  it('is there again where an edit is taken back, and gone with the deployment', async () => {
    const { editor, remoteKeys } = await open();
    const { id } = await editor.create({ source, remoteKey: 'one' }, undefined);
    await editor.edit(id, (spec) => ({ ...spec, source: elsewhere }));
    await editor.edit(id, (spec) => ({ ...spec, source }));
    expect(await remoteKeys.read({ id, source })).toBe('one');
    await editor.edit(id, (spec) => ({ ...spec, source: elsewhere }));
    await editor.remove(id);
    expect(await remoteKeys.read({ id, source })).toBe('');
  });

  it('stays as it was where the edit fails, and belongs to remotes alone', async () => {
    const { editor, remoteKeys } = await open();
    const { id } = await editor.create({ source, remoteKey: 'one' }, undefined);
    await editor.create({ ...bundled, name: 'taken' }, undefined);
    const edit = editor.edit(id, (spec) => ({ ...spec, name: 'taken', remoteKey: 'two' }));
    await expect(edit).rejects.toMatchObject({ code: 'name_taken' });
    expect(await remoteKeys.read({ id, source })).toBe('one');
    const wrong = editor.create({ ...bundled, name: 'other', remoteKey: 'x' }, undefined);
    await expect(wrong).rejects.toMatchObject({ detail: { param: 'remoteKey' } });
  });
});
