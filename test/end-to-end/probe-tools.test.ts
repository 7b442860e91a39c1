/** The tool probe put to the bundled model through the real engine: the verdict that a fresh installation shows. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { createComplete } from '../../src/answering/complete.ts';
import { profileModel } from '../../src/answering/model-profile.ts';
import { randomHex, systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { embeddedEngine } from '../../src/engines/embedded/embedded.ts';
import { readModel } from '../../src/models/read-model.ts';
import { Bell } from '../../src/operating/bell.ts';
import { openFleet } from '../../src/operating/open-fleet.ts';
import { ProbeDesk } from '../../src/operating/probing/probe-desk.ts';
import { type AskModel, probeTools } from '../../src/operating/probing/probe-tools.ts';
import { openVerdictShelf } from '../../src/operating/probing/verdict-shelf.ts';
import { createGuardedRuntime } from '../../src/runtime/guarded-runtime.ts';
import { openStore } from '../../src/store/database.ts';
import { insertDeployment } from '../../src/store/deployments.ts';
import { aDeployment } from '../fixtures/deployment.ts';
import { scriptedRoster } from '../fixtures/scripted-engine.ts';

const spec = readModel(fileURLToPath(new URL('../../models/nano/aimindserve-nano.gguf', import.meta.url)));

async function startNano() {
  const folder = mkdtempSync(join(tmpdir(), 'aimindserve-probe-'));
  const address = { socketPath: join(folder, 'nano.sock'), token: 'secret' };
  const wishes = embeddedEngine.readWishes(aDeployment({ parallel: 1, threads: 1 }));
  const plan = embeddedEngine.plan(spec, { ...wishes, contextSize: 2048, address, devices: [] });
  const environment = { ...process.env, ...plan.environment };
  const child = spawn(plan.command, [...plan.arguments], { stdio: ['pipe', 'ignore', 'ignore'], env: environment });
  child.stdin.on('error', () => {});
  child.stdin.write(plan.input);
  const client = await embeddedEngine.connect(address, AbortSignal.timeout(30_000));
  onTestFinished(async () => {
    client.close();
    child.stdin.end();
    await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  });
  return client;
}

/** Everything that a server stands on, but for HTTP. */
async function openServer(dataFolder: string) {
  const engines = { kind: () => embeddedEngine, choose: () => embeddedEngine, find: () => embeddedEngine };
  const settings = { path: join(dataFolder, 'aimindserve.db'), backupsFolder: join(dataFolder, 'backups') };
  const { db, close } = await openStore({ ...settings, clock: systemClock, log: silentLog });
  const opened = await openFleet({
    ...{ db, dataFolder, runtime: createGuardedRuntime({ dataFolder }), engines },
    shelf: { take: async () => spec, peek: () => spec },
    ...{
      allow: async () => {},
      inspect: async () => {},
      remoteKey: async () => '',
      devices: () => [{ id: 'cpu', isCordoned: false, labels: {} }],
      readDevices: async () => [],
    },
    ...{ clock: systemClock, randomHex, log: silentLog },
  });
  const profile = profileModel(spec, {});
  const verdicts: string[] = [];
  const told = new Bell();
  const desk = new ProbeDesk({
    fleet: opened.fleet,
    shelf: await openVerdictShelf(db, silentLog),
    ask: (roster, request, signal) =>
      createComplete({
        ...{ roster, profile: () => profile, clock: systemClock, randomHex, log: silentLog, maxRequests: 1 },
      })(request, signal),
    rivalOf: () => undefined,
    formatOf: () => profile.format.name,
    engineOf: () => 'embedded',
    ...{ clock: systemClock, log: silentLog, restMs: 10 },
    changed: (id) => {
      verdicts.push(id);
      told.ring();
    },
  });
  const end = async () => {
    await desk.close();
    await opened.close();
    await close();
  };
  return { db, opened, desk, verdicts, told, end };
}

it('probes a stored deployment once, and tells the verdict after a restart while nothing is loaded', async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'aimindserve-probe-'));
  onTestFinished(() => rmSync(dataFolder, { recursive: true, force: true }));
  const deployment = aDeployment({ parallel: 1, threads: 1, contextSize: 1024 });
  const first = await openServer(dataFolder);
  await insertDeployment(first.db, deployment);
  first.opened.fleet.want(deployment);
  first.desk.watch();
  const probed = first.told.next(AbortSignal.timeout(30_000));
  await first.opened.start();
  await probed;
  const verdict = first.desk.verdictOf(spec, deployment);
  expect(verdict).toMatchObject({ verdict: 'proven', engine: 'embedded' });
  expect(first.opened.fleet.kept.map(({ running }) => running)).toEqual([0]);
  expect(first.verdicts).toEqual([deployment.id]);
  await first.end();
  const second = await openServer(dataFolder);
  expect(second.desk.verdictOf({ ...spec }, deployment)).toEqual(verdict);
  await second.end();
});

it('finds the bundled model able to call tools', async () => {
  const profile = profileModel(spec, {});
  const complete = createComplete({
    roster: scriptedRoster(await startNano(), spec),
    profile: () => profile,
    ...{ clock: systemClock, randomHex, log: silentLog, maxRequests: 1 },
  });
  const signal = AbortSignal.timeout(30_000);
  const ask: AskModel = (request, stop) => complete({ ...request, model: 'scripted' }, stop);
  const { verdict, steps } = await probeTools(ask, { signal });
  const told = steps.map(({ transcript }) => transcript).join('\n\n');
  expect(verdict, told).toBe('proven');
  expect(steps.find(({ name }) => name === 'call')?.transcript).toContain('came: call get_weather {"city": "Oslo"}');
});
