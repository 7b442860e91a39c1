/** Starts a real engine as the fleet does: under its guard, connected once it is ready, with its last words if not. */

import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineAddress } from '../../src/engines/engine.ts';
import { type ChatClient, type Engine, type EngineClient, isChatClient } from '../../src/engines/engine.ts';
import { completeSpec, type DeploymentWish } from '../../src/fleet/deployment.ts';
import type { ModelSpec } from '../../src/fleet/model-spec.ts';
import { readModel } from '../../src/models/read-model.ts';
import { describeEnd } from '../../src/operating/describe-end.ts';
import { createStage } from '../../src/runtime/fixtures/stage.ts';
import { createGuardedRuntime } from '../../src/runtime/guarded-runtime.ts';
import type { Run, RunEnd } from '../../src/runtime/run.ts';
import type { OpenEngine } from './engine.contract.ts';

/** The bundled model. */
export const nanoPath = fileURLToPath(new URL('../../models/nano/aimindserve-nano.gguf', import.meta.url));

/** An engine that runs. */
export interface StartedEngine {
  readonly client: EngineClient;
  readonly spec: ModelSpec;
  readonly run: Run;
}

/** Thrown with what a program said before it ended. */
class NotStarted extends Error {}

/** Starts engines of one test file; `clear` ends what is left. */
export function createStarter() {
  const stage = createStage();
  const runtime = createGuardedRuntime({ dataFolder: stage.dataFolder, maxLogBytes: 1_000_000 });
  let sockets = 0;
  const newAddress = async (engine: Engine): Promise<EngineAddress> =>
    engine.listens === 'socket'
      ? { socketPath: join(stage.dataFolder, `${++sockets}.sock`), token: 'secret' }
      : { url: `http://127.0.0.1:${await freePort()}`, token: 'secret' };
  /** Rejects with the program's last words if it ends before it is ready. */
  const start = async (
    engine: Engine,
    wish: Partial<DeploymentWish> = {},
    spec: ModelSpec = readModel(nanoPath),
  ): Promise<StartedEngine> => {
    const deployment = completeSpec({ source: { kind: 'bundled' }, contextSize: 1024, threads: 1, ...wish });
    const wishes = engine.readWishes(deployment);
    const address = await newAddress(engine);
    const plan = engine.plan(spec, { ...wishes, address, devices: ['cpu'] });
    if (plan === undefined) throw new NotStarted('There is nothing to start.');
    const order = { instanceId: stage.newInstance(), run: 1, plan, leaseMs: 60_000, graceMs: 5_000 };
    const run = await runtime.start(order);
    const client = await connect({ engine, run, address }, { spec, wishes });
    if (isChatClient(client)) throw new NotStarted('It only speaks chat.');
    return { client, spec, run };
  };
  return {
    clear: () => stage.clear(),
    start,
    /** Started, as the contract wants it. */
    open: async (
      engine: Engine,
      wish: Partial<DeploymentWish> = {},
    ): Promise<OpenEngine & Pick<StartedEngine, 'spec'>> => {
      const { client, run, spec } = await start(engine, wish);
      const close = async (): Promise<void> => {
        client.close();
        await run.stop();
      };
      return { client, spec, kill: () => process.kill(run.record.enginePid, 'SIGKILL'), close };
    },
  };
}

async function connect(
  { engine, run, address }: { readonly engine: Engine; readonly run: Run; readonly address: EngineAddress },
  served: Parameters<Engine['connect']>[2],
): Promise<EngineClient | ChatClient> {
  const over = new AbortController();
  let end: RunEnd | undefined;
  void run.ended.then((ended) => {
    end = ended;
    over.abort();
  });
  try {
    return await engine.connect(address, AbortSignal.any([over.signal, AbortSignal.timeout(60_000)]), served);
  } catch (thrown) {
    if (end !== undefined) throw new NotStarted(describeEnd(end));
    await run.stop();
    throw thrown;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
