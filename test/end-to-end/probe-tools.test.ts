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
import { type AskModel, probeTools } from '../../src/operating/probe-tools.ts';
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
