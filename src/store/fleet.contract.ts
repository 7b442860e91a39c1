/** What every database must do with deployments, instances, model files, verdicts and devices. */

import { beforeEach, describe, expect, it } from 'vitest';
import { completeSpec, type Deployment, type DeploymentId, type DeploymentWish } from '../fleet/deployment.ts';
import type { ModelFile } from '../fleet/download.ts';
import { type Instance, type InstanceId, newInstance, next } from '../fleet/instance.ts';
import type { ToolVerdict } from '../fleet/tool-verdict.ts';
import type { UserId } from '../fleet/user.ts';
import type { Store } from './database.ts';
import {
  deleteDeployment,
  findDeployment,
  findDeploymentByName,
  insertDeployment,
  listDeployments,
  updateDeployment,
} from './deployments.ts';
import { listDeviceMarks, saveDeviceMark } from './devices.ts';
import { deleteInstance, listInstances, saveInstance } from './instances.ts';
import { deleteModelFile, findModelFile, listModelFiles, saveModelFile } from './model-files.ts';
import type { Db } from './tables.ts';
import { findVerdict, listVerdicts, saveVerdict } from './verdicts.ts';

const deployment = (id: string, over: Partial<DeploymentWish> = {}): Deployment => ({
  ...completeSpec({ name: id, source: { kind: 'bundled' }, ...over }),
  id: id as DeploymentId,
  declaredBy: 'store',
  revision: 1,
  instanceRevision: 1,
  isStopped: false,
  createdAt: 100,
  updatedAt: 100,
});

const instance = (id: string, deploymentId: string): Instance =>
  newInstance(
    { id: id as InstanceId, deploymentId: deploymentId as DeploymentId, workerId: 'local', revision: 1 },
    1_795_305_599_000,
  );

/** Runs the suite over the databases that `open` makes, each empty. */
export function fleetContract(open: () => Promise<Store>): void {
  let db: Db;
  beforeEach(async () => {
    const store = await open();
    db = store.db;
    return () => store.close();
  });

  describe('deployments', () => {
    const full: Deployment = {
      ...deployment('dep_1', {
        name: 'Qwen/Qwen3-8B:Q4',
        aliases: ['gpt-4o', 'qwen'],
        source: { kind: 'hub', hub: 'modelscope', repository: 'Qwen/Qwen3-8B-GGUF', quantisation: 'Q4_K_M' },
        placement: { devices: ['cuda:0'], labels: { zone: 'a' } },
        contextSize: 32_768,
        backendParameters: ['--flash-attn', "it's \u0000 ünïcode"],
        environment: { OMP_NUM_THREADS: '4' },
        sampling: { temperature: 0.7 },
        systemPrompt: 'Be brief.',
        limits: { concurrency: 4 },
      }),
      instanceRevision: 3,
      isStopped: true,
      createdBy: 'usr_1' as UserId,
    };

    it('come back as they were, found by id, name and alias', async () => {
      expect(await insertDeployment(db, full)).toEqual(full);
      expect(await findDeployment(db, full.id)).toEqual(full);
      for (const name of [full.name, ...full.aliases]) expect(await findDeploymentByName(db, name)).toEqual(full);
      expect(await findDeploymentByName(db, 'GPT-4o')).toBeUndefined();
      expect(await listDeployments(db)).toEqual([full]);
    });

    it('share no name and no alias, and leave nothing behind where they would', async () => {
      await insertDeployment(db, full);
      for (const [name, aliases] of [
        ['gpt-4o', []],
        ['x', ['qwen']],
        ['x', [full.name]],
      ] as const)
        expect(await insertDeployment(db, deployment('dep_2', { name, aliases: [...aliases] }))).toBe('name_taken');
      expect(await findDeploymentByName(db, 'x')).toBeUndefined();
      expect(await listDeployments(db)).toHaveLength(1);
      const other = deployment('dep_3', { name: 'other' });
      await insertDeployment(db, other);
      expect(await updateDeployment(db, { ...other, replicas: 5, aliases: ['qwen'] }, 1)).toBe('name_taken');
      expect(await findDeployment(db, other.id)).toEqual(other);
    });

    it('change from the revision that was seen, names included', async () => {
      await insertDeployment(db, full);
      const after = { ...full, name: 'new', aliases: ['qwen'], replicas: 0, isStopped: false, updatedAt: 200 };
      expect(await updateDeployment(db, after, 1)).toEqual({ ...after, revision: 2 });
      expect(await updateDeployment(db, after, 1)).toBe('changed');
      expect(await findDeploymentByName(db, 'gpt-4o')).toBeUndefined();
      expect((await findDeploymentByName(db, 'qwen'))?.revision).toBe(2);
      const rivals = [1, 2, 3].map((replicas) => updateDeployment(db, { ...after, replicas }, 2));
      expect((await Promise.all(rivals)).filter((result) => result === 'changed')).toHaveLength(2);
    });

    it('free their names when they go', async () => {
      await insertDeployment(db, full);
      expect(await deleteDeployment(db, full.id)).toBe(true);
      expect(await deleteDeployment(db, full.id)).toBe(false);
      expect(await updateDeployment(db, full, 1)).toBe('changed');
      expect(await insertDeployment(db, deployment('dep_2', { name: 'gpt-4o' }))).toMatchObject({ name: 'gpt-4o' });
    });

    it('of the command line are never stored', async () => {
      const declared = insertDeployment(db, { ...full, declaredBy: 'command-line' });
      await expect(declared).rejects.toThrow('never stored');
    });

    it('of an older version get the defaults, damaged ones a clear error', async () => {
      await insertDeployment(db, full);
      const write = (spec: string) => db.updateTable('deployments').set({ spec }).execute();
      await write('{"name":"old","source":{"kind":"bundled"}}');
      expect(await findDeployment(db, full.id)).toMatchObject({ name: 'old', replicas: 1, backend: 'auto' });
      for (const spec of ['', '{', '[]', 'null', '{"name":"x","source":{"kind":"bundled"},"replicas":"many"}']) {
        await write(spec);
        await expect(findDeployment(db, full.id), spec).rejects.toThrow(/dep_1 of deployments cannot be read/);
      }
    });
  });

  describe('instances', () => {
    const first = next(instance('ins_1', 'dep_1'), { type: 'place', devices: ['cuda:0'], atMs: 1_795_305_600_123 });

    it('are kept with the note of their process', async () => {
      await saveInstance(db, first, { pid: 5, startTime: 'x' });
      await saveInstance(db, instance('ins_2', 'dep_2'));
      expect(await listInstances(db)).toEqual([
        { instance: first, runRecord: { pid: 5, startTime: 'x' } },
        { instance: instance('ins_2', 'dep_2') },
      ]);
      expect(await listInstances(db, 'dep_2' as DeploymentId)).toEqual([{ instance: instance('ins_2', 'dep_2') }]);
    });

    it('keep the note when only the state is written, and lose it by null', async () => {
      await saveInstance(db, first, { pid: 5 });
      const failed = next(first, { type: 'fail', reason: 'no memory', atMs: 1_795_305_601_000 });
      await saveInstance(db, failed);
      expect(await listInstances(db)).toEqual([{ instance: failed, runRecord: { pid: 5 } }]);
      await saveInstance(db, failed, null);
      expect(await listInstances(db)).toEqual([{ instance: failed }]);
      await deleteInstance(db, failed.id);
      expect(await listInstances(db)).toEqual([]);
    });
  });

  describe('model files', () => {
    const file: ModelFile = {
      ...{ id: 'm1', workerId: 'local', files: ['/a/1.gguf', '/a/2.gguf'], sizeBytes: 9_000_000_000_000 },
      ...{ origin: 'own', name: 'qwen', quantisation: 'Q8_0', createdAt: 5 },
      source: { kind: 'url', url: 'https://example.com/a.gguf' },
    };
    const bare: ModelFile = {
      ...{ id: 'm2', workerId: 'gpu-2', files: ['/b'], sizeBytes: 1, origin: 'ollama', name: 'llama', createdAt: 6 },
    };

    it('come back as they were, by worker', async () => {
      await saveModelFile(db, { ...file, name: 'old' });
      await saveModelFile(db, file);
      await saveModelFile(db, bare);
      expect(await listModelFiles(db)).toEqual([file, bare]);
      expect(await listModelFiles(db, 'gpu-2')).toEqual([bare]);
      expect(await findModelFile(db, 'm1')).toEqual(file);
      await deleteModelFile(db, 'm1');
      expect(await findModelFile(db, 'm1')).toBeUndefined();
    });
  });

  describe('verdicts', () => {
    const verdict: ToolVerdict = {
      ...{ verdict: 'proven', format: 'hermes', weights: 'w', engine: 'embedded 1', at: 5 },
      steps: [{ name: 'call', isOk: true, transcript: 'asked, called' }],
    };

    it('are one for each weights, format and engine: the last', async () => {
      await saveVerdict(db, verdict);
      await saveVerdict(db, { ...verdict, engine: 'embedded 2', at: 6 });
      const failed: ToolVerdict = { ...verdict, verdict: 'failed', steps: [], at: 7 };
      await saveVerdict(db, failed);
      expect(await findVerdict(db, verdict)).toEqual(failed);
      expect(await listVerdicts(db, 'w')).toEqual([failed, { ...verdict, engine: 'embedded 2', at: 6 }]);
      expect(await listVerdicts(db)).toHaveLength(2);
      expect(await findVerdict(db, { ...verdict, format: 'qwen' })).toBeUndefined();
    });
  });

  describe('devices', () => {
    it('are marked by worker and name', async () => {
      const mark = { workerId: 'local', deviceId: 'cuda:0', isCordoned: true, labels: { pool: 'big' } };
      await saveDeviceMark(db, { ...mark, isCordoned: false });
      await saveDeviceMark(db, mark);
      await saveDeviceMark(db, { ...mark, workerId: 'a', labels: {} });
      expect(await listDeviceMarks(db)).toEqual([{ ...mark, workerId: 'a', labels: {} }, mark]);
    });
  });
}
