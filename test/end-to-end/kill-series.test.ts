/** Kills the server 50 times while clients change everything: nothing acknowledged is lost, and nobody is left behind. */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHubDouble, type HubDouble } from '../../src/models/hub/fixtures/hub-double.ts';
import {
  becomeAdministrator,
  type Caller,
  type DeploymentReply,
  isReady,
  type ListReply,
  until,
  watchUntil,
} from './platform-caller.ts';
import { AskingLane, type Lane, Receipts } from './platform-churn.ts';
import { DeploymentLane } from './platform-churn-deployments.ts';
import { FileLane } from './platform-churn-files.ts';
import { KeyLane } from './platform-churn-keys.ts';
import { enginesIn, processesOf } from './platform-processes.ts';
import { createRandom, type Random } from './platform-random.ts';
import { freshPlace, type Place } from './platform-server.ts';
import { repository, type ServeProcess } from './running-server.ts';

const rounds = 50;
const seed = 20_261_121;
const model = join(repository, 'models', 'nano', 'aimindserve-nano.gguf');
const small = { source: { kind: 'bundled' }, contextSize: 256, threads: 1 };
const repositories = Array.from({ length: 4 }, (_, index) => `team/model-${index}-GGUF`);
/** Two deployments want the one GPU that this machine seems to have. */
const gpu = { ...small, placement: { devices: ['cuda:0'] } };

let folder: string;
let hub: HubDouble;
let place: Place;
beforeAll(async () => {
  hub = await createHubDouble({
    repositories: repositories.map((id) => ({ id, files: { 'model-Q4_0.gguf': model } })),
  });
  folder = mkdtempSync(join(tmpdir(), 'kill-series-'));
  place = freshPlace({ HF_ENDPOINT: hub.url, PATH: `${pretendGpu(folder)}:${process.env['PATH']}` });
});
afterAll(async () => {
  place?.clear();
  await hub?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A folder with an `nvidia-smi` that knows one device. */
function pretendGpu(parent: string): string {
  const path = join(parent, 'bin', 'nvidia-smi');
  mkdirSync(join(parent, 'bin'));
  writeFileSync(path, '#!/bin/sh\necho "0, GPU-1, Pretended, 1.0, 8192, 0, 0"\n');
  chmodSync(path, 0o755);
  return join(parent, 'bin');
}

describe('a server that is killed at random moments', () => {
  it('loses nothing it acknowledged, leaves no engine behind, and takes over those that run', {
    timeout: 900_000,
  }, async () => {
    const random = createRandom(seed);
    const receipts = new Receipts();
    let server = await place.start(['--no-model']);
    const operator = await prepare(server);
    const lanes: Lane[] = [
      new DeploymentLane('first', small, receipts),
      new DeploymentLane('left', gpu, receipts),
      new DeploymentLane('right', gpu, receipts),
      new KeyLane(receipts),
      new FileLane(repositories, receipts),
      new AskingLane('steady', ['first', 'left', 'right']),
    ];
    const steady = await engineOf(operator, 'steady');
    for (let round = 1; round <= rounds; round++) {
      const caller = operator.at(server.url);
      const calm = await churn(lanes, caller, { random, isCalm: round % 4 === 0 });
      await server.stop('SIGKILL');
      if (round % 5 === 0) await killAtStart(100 + random.below(600));
      server = await place.start(['--no-model']);
      const next = operator.at(server.url);
      expect((await Promise.all(lanes.map((lane) => lane.check(next)))).flat(), `round ${round}`).toEqual([]);
      await expectAudited(next, receipts.drain());
      const settled = await settle(next);
      expect(enginesIn(place.dataFolder).get(steady.life), `round ${round}`).toBe(steady.pid);
      for (const [life, pid] of calm) expect(settled.get(life), `round ${round}: ${life}`).toBe(pid);
    }
    await end(operator.at(server.url), server);
  });
});

/** An operator's key, and the deployment that nobody changes. */
async function prepare(server: ServeProcess): Promise<Caller> {
  const admin = await becomeAdministrator(server.url, place.dataFolder);
  await admin.api('PUT', '/settings', { allowedHosts: [new URL(hub.fileUrl).host], pathRoots: [] });
  const { holder } = await admin.makeKey({ name: 'operator', scopes: ['inference', 'management'] });
  await holder.api('POST', '/deployments', { name: 'steady', ...small, parallel: 2 });
  await watchUntil(holder, 'steady', isReady);
  return holder;
}

/** Its one engine. */
async function engineOf(caller: Caller, name: string): Promise<{ readonly life: string; readonly pid: number }> {
  const [instance] = (await caller.deployment(name)).instances;
  const life = `${instance?.id}/${instance?.run}`;
  return { life, pid: enginesIn(place.dataFolder).get(life) ?? 0 };
}

interface Churn {
  readonly random: Random;
  /** Are the clients told to rest before the kill? */
  readonly isCalm: boolean;
}

/** Lets the clients work for a random while; the engines that must still be there afterwards. */
async function churn(
  lanes: readonly Lane[],
  caller: Caller,
  { random, isCalm }: Churn,
): Promise<ReadonlyMap<string, number>> {
  const resting = new AbortController();
  const failures: unknown[] = [];
  const work = async (lane: Lane): Promise<void> => {
    try {
      while (!resting.signal.aborted) {
        await lane.step(caller, random);
        await pause(random.below(40));
      }
    } catch (thrown) {
      // What `fetch` throws when nobody is there any more.
      if (!(thrown instanceof TypeError && resting.signal.aborted)) failures.push(thrown);
    }
  };
  const working = Promise.all(lanes.map(work));
  await pause(100 + random.below(900));
  await expectOneOwner(caller);
  resting.abort();
  if (isCalm) await working;
  expect(failures).toEqual([]);
  return isCalm ? engines(await settledOf(await caller.deployments())) : new Map();
}

/** The lives of instances of deployments at which nothing is left to do. */
function settledOf(deployments: readonly DeploymentReply[]): readonly string[] {
  return deployments
    .filter(isSettled)
    .flatMap(({ instances }) =>
      instances.filter(({ state }) => state === 'ready').map(({ id, run }) => `${id}/${run}`),
    );
}

function engines(lives: readonly string[]): ReadonlyMap<string, number> {
  const all = enginesIn(place.dataFolder);
  return new Map(lives.map((life) => [life, all.get(life) ?? 0]));
}

function isSettled({ isStopped, spec, instances }: DeploymentReply): boolean {
  const revisions = new Set(instances.map(({ revision }) => revision));
  return (
    instances.length === (isStopped ? 0 : spec.replicas) &&
    revisions.size <= 1 &&
    instances.every(
      ({ state, reason }) => state === 'ready' || (state === 'pending' && reason.includes('is given to another')),
    )
  );
}

/** No GPU belongs to two instances at the same time. */
async function expectOneOwner(caller: Caller): Promise<void> {
  const instances = (await caller.deployments()).flatMap((deployment) => deployment.instances);
  const holds = ({ state, devices }: (typeof instances)[number]): boolean =>
    devices.includes('cuda:0') && !['pending', 'failed', 'stopped'].includes(state);
  expect(instances.filter(holds).length).toBeLessThanOrEqual(1);
}

async function killAtStart(afterMs: number): Promise<void> {
  const starting = place.start(['--no-model']).catch(() => {});
  await pause(afterMs);
  for (const { pid, kind } of processesOf(place.dataFolder)) if (kind === 'server') process.kill(pid, 'SIGKILL');
  await starting;
}

async function expectAudited(caller: Caller, ids: readonly string[]): Promise<void> {
  const pages = [1, 2].map((page) =>
    caller.api<ListReply<{ requestId: string }>>('GET', `/audit?perPage=200&page=${page}`),
  );
  const known = new Set((await Promise.all(pages)).flatMap(({ items }) => items.map(({ requestId }) => requestId)));
  expect(ids.filter((id) => !known.has(id))).toEqual([]);
}

/** Waits until nothing is left to do, and every engine is that of an instance; the engines. */
async function settle(caller: Caller): Promise<ReadonlyMap<string, number>> {
  let last = '';
  const look = async (): Promise<ReadonlyMap<string, number> | undefined> => {
    const deployments = await caller.deployments();
    await expectOneOwner(caller);
    const lives = settledOf(deployments).toSorted();
    const running = [...enginesIn(place.dataFolder).keys()].toSorted();
    last = JSON.stringify({ lives, running, instances: deployments.map(({ name, instances }) => [name, instances]) });
    return deployments.every(isSettled) && lives.join() === running.join() ? engines(lives) : undefined;
  };
  try {
    return await until('everything has settled', look, 60_000);
  } catch (cause) {
    throw new Error(last, { cause });
  }
}

/** Takes everything away: nothing and nobody is left. */
async function end(caller: Caller, server: ServeProcess): Promise<void> {
  for (const { name } of await caller.deployments()) await caller.api('DELETE', `/deployments/${name}`);
  await until('all engines have ended', () => enginesIn(place.dataFolder).size === 0);
  expect((await server.stop()).code).toBe(0);
  expect(processesOf(place.dataFolder)).toEqual([]);
  const db = new DatabaseSync(join(place.dataFolder, 'aimindserve.db'));
  expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  expect(db.prepare("SELECT count(*) AS count FROM instances WHERE state <> 'stopped'").get()).toEqual({ count: 0 });
  db.close();
}
