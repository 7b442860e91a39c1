/** Makes a tiny model and deploys it as a person would: our server, one real vLLM, the two parameters of the seed. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomHex } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { type EngineClient, isChatClient, type RunWishes } from '../../src/engines/engine.ts';
import { createVllmEngine, vllmKind } from '../../src/engines/vllm/vllm.ts';
import type { Deployment } from '../../src/fleet/deployment.ts';
import type { ModelSpec } from '../../src/fleet/model-spec.ts';
import { readWeightsFolder } from '../../src/models/read-weights-folder.ts';
import { createOutbound } from '../../src/outbound/http-client.ts';
import { becomeAdministrator, type Caller, type DeploymentReply, until } from '../end-to-end/platform-caller.ts';
import { processesOf } from '../end-to-end/platform-processes.ts';
import { freshPlace } from '../end-to-end/platform-server.ts';
import { aDeployment } from '../fixtures/deployment.ts';

/** A vLLM that runs, and the server that deployed it. */
export interface RunningVllm {
  /** A connection of the test's own, beside the server's. */
  readonly client: EngineClient;
  readonly spec: ModelSpec;
  readonly wishes: RunWishes;
  readonly readyAfterMs: number;
  readonly administrator: Caller;
  kill(): void;
  stop(): Promise<void>;
}

/** A deployment, and what runs for it. */
interface VllmReply extends DeploymentReply {
  readonly verdict?: { readonly verdict: string };
  readonly instances: ReadonlyArray<DeploymentReply['instances'][number] & { readonly command?: readonly string[] }>;
}

/** Thrown with what was said of it: waiting would be in vain. */
class NotStarted extends Error {}

const readyWithinMs = 400_000;

/** The two parameters of the seed, and one that makes the start shorter. */
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
  const model = join(folder, 'tiny');
  execFileSync(python, [fileURLToPath(new URL('make_model.py', import.meta.url)), model], { stdio: 'pipe' });
  const place = freshPlace();
  const command = `'${python}' -m vllm.entrypoints.openai.api_server`;
  const server = await place.start(['--no-model', '--vllm-command', command]);
  const administrator = await becomeAdministrator(server.url, place.dataFolder);
  await administrator.api('PUT', '/settings', { allowedHosts: [], pathRoots: [folder] });
  const startedMs = performance.now();
  await administrator.api('POST', '/deployments', wishOf(model));
  const deployed = await until('vLLM is ready', () => readyOf(administrator), readyWithinMs);
  const readyAfterMs = performance.now() - startedMs;
  // The probe asks it too; what it leaves behind is counted otherwise.
  await until('it was probed', async () => isProbed(await readyOf(administrator)), 120_000);
  const spec = readWeightsFolder(model);
  const wishes = vllmKind.readWishes(vllmDeployment);
  const { pid, address } = findEngine(place.dataFolder, deployed);
  const client = await connect(address, { spec, wishes });
  return {
    ...{ client, spec, wishes, readyAfterMs, administrator },
    kill: () => process.kill(-pid, 'SIGKILL'),
    stop: async () => {
      client.close();
      await server.stop();
      place.clear();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function wishOf(path: string): object {
  const { name, backend, parallel, contextSize, backendParameters } = vllmDeployment;
  return { name, backend, parallel, contextSize, backendParameters, source: { kind: 'local', path } };
}

/** Before that the template alone is what a verdict goes by. */
function isProbed(deployed: VllmReply | undefined): boolean {
  return deployed?.verdict !== undefined && deployed.verdict.verdict !== 'expected';
}

async function readyOf(administrator: Caller): Promise<VllmReply | undefined> {
  const deployment = await administrator.api<VllmReply>('GET', `/deployments/${vllmDeployment.name}`);
  const { state, reason } = deployment;
  if (state === 'failed' || reason.includes('needs-engine')) throw new NotStarted(reason);
  return state === 'ready' ? deployment : undefined;
}

/** Where it listens stands in its command; what opens it, in its environment alone. */
function findEngine(dataFolder: string, { instances }: VllmReply) {
  const [{ command = [] } = {}] = instances;
  const url = `http://127.0.0.1:${command[command.indexOf('--port') + 1]}`;
  const found = processesOf(dataFolder)
    .filter(({ kind, life }) => kind === 'other' && life !== '')
    .map(({ pid }) => ({ pid, environment: readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0') }))
    .find(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--served-model-name'));
  const token = found?.environment.find((text) => text.startsWith('VLLM_API_KEY='))?.slice('VLLM_API_KEY='.length);
  if (found === undefined || token === undefined) throw new NotStarted('Its process cannot be found.');
  return { pid: found.pid, address: { url, token } };
}

async function connect(
  address: { readonly url: string; readonly token: string },
  served: { readonly spec: ModelSpec; readonly wishes: RunWishes },
): Promise<EngineClient> {
  const outbound = createOutbound({ environment: {}, allowedHosts: () => ['127.0.0.1'], log: silentLog });
  const engine = createVllmEngine({ outbound, randomHex, command: [], version: 'of the test' });
  const client = await engine.connect(address, AbortSignal.timeout(60_000), served);
  if (isChatClient(client)) throw new NotStarted('It only speaks chat.');
  return client;
}
