/** Makes a tiny model and starts one real vLLM on it, as the fleet does: under its guard, connected once it is ready. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomHex } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { type Engine, type EngineClient, isChatClient, type RunWishes } from '../../src/engines/engine.ts';
import { createVllmEngine } from '../../src/engines/vllm/vllm.ts';
import type { Deployment } from '../../src/fleet/deployment.ts';
import type { InstanceId } from '../../src/fleet/instance.ts';
import type { ModelSpec } from '../../src/fleet/model-spec.ts';
import { readWeightsFolder } from '../../src/models/read-weights-folder.ts';
import { AddressDesk } from '../../src/operating/address-desk.ts';
import { describeEnd } from '../../src/operating/describe-end.ts';
import { createOutbound } from '../../src/outbound/http-client.ts';
import { createGuardedRuntime } from '../../src/runtime/guarded-runtime.ts';
import { aDeployment } from '../fixtures/deployment.ts';

/** A vLLM that runs. */
export interface RunningVllm {
  readonly client: EngineClient;
  readonly spec: ModelSpec;
  readonly wishes: RunWishes;
  readonly readyAfterMs: number;
  kill(): void;
  stop(): Promise<void>;
}

/** Thrown with what the program said before it ended. */
class NotStarted extends Error {}

const readyWithinMs = 400_000;

/** The two parameters of the first seed, and one that makes the start shorter. */
export const vllmDeployment: Deployment = aDeployment({
  name: 'scripted',
  backend: 'vllm',
  parallel: 8,
  contextSize: 4096,
  backendParameters: ['--enable-auto-tool-choice', '--tool-call-parser=hermes', '--enforce-eager'],
});

/** Starts it with the Python that AIMINDSERVE_TEST_VLLM_PYTHON names. */
export async function startVllm(): Promise<RunningVllm> {
  const python = process.env['AIMINDSERVE_TEST_VLLM_PYTHON'];
  if (python === undefined)
    throw new NotStarted('AIMINDSERVE_TEST_VLLM_PYTHON names no Python: use npm run test:vllm.');
  const folder = mkdtempSync(join(tmpdir(), 'aimindserve-vllm-'));
  const engine = engineOf(python);
  const modelFolder = join(folder, 'tiny');
  execFileSync(python, [fileURLToPath(new URL('make_model.py', import.meta.url)), modelFolder], { stdio: 'pipe' });
  const spec = readWeightsFolder(modelFolder);
  const wishes = engine.readWishes(vllmDeployment);
  const desk = new AddressDesk({ folder: join(folder, 'sockets'), randomHex, remoteKey: async () => '' });
  const address = await desk.make(engine, vllmDeployment);
  const plan = engine.plan(spec, { ...wishes, address, devices: ['cpu'] });
  if (plan === undefined) throw new NotStarted('There is nothing to start.');
  const runtime = createGuardedRuntime({ dataFolder: join(folder, 'data') });
  const startedMs = performance.now();
  const run = await runtime.start({ instanceId: 'ins_vllm' as InstanceId, run: 1, plan, leaseMs: 0, graceMs: 20_000 });
  const ended = run.ended.then((end): never => {
    throw new NotStarted(describeEnd(end));
  });
  ended.catch(() => {});
  const connecting = engine.connect(address, AbortSignal.timeout(readyWithinMs), { spec, wishes });
  const client = await Promise.race([connecting, ended]);
  if (isChatClient(client)) throw new NotStarted('It only speaks chat.');
  return {
    client,
    spec,
    wishes,
    readyAfterMs: performance.now() - startedMs,
    kill: () => process.kill(-run.record.enginePid, 'SIGKILL'),
    stop: async () => {
      client.close();
      await run.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function engineOf(python: string): Engine {
  return createVllmEngine({
    outbound: createOutbound({ environment: {}, allowedHosts: () => ['127.0.0.1'], log: silentLog }),
    randomHex,
    command: [python, '-m', 'vllm.entrypoints.openai.api_server'],
    version: 'of the test',
  });
}
