/** Starts and ends a server: foundation, platform, HTTP, and the model that the command line declares. */

import { type AppError, ConfigError, toAppError } from '../base/errors.ts';
import { type Deployment, servedNames } from '../fleet/deployment.ts';
import type { Instance } from '../fleet/instance.ts';
import { describeSource } from '../fleet/model-source.ts';
import type { HttpApp } from '../http/app.ts';
import type { KeptInstance } from '../operating/kept-instance.ts';
import { openAll } from './end-all.ts';
import { gpuDoubts } from './gpu-doubts.ts';
import { type Foundation, openFoundation } from './open-foundation.ts';
import { type Ground, openGround } from './open-ground.ts';
import type { Platform } from './open-platform.ts';
import type { ServerConfig } from './server-config.ts';

/** What the start-up banner says. */
export interface ServerDescription {
  /** Names that can be asked for now or soon. */
  readonly modelNames: readonly string[];
  /** The declared model, once it is ready. */
  readonly model?: ModelDescription;
  readonly logFile: string;
  /** What the person should know of how the server came up. */
  readonly notes: readonly string[];
  /** From the start of the process. */
  readonly readyMs: number;
}

/** A model that is ready. */
export interface ModelDescription {
  readonly name: string;
  readonly device: string;
  readonly contextPerRequest: number;
  readonly parallel: number;
  readonly format: string;
}

/** A server that answers. */
export interface RunningServer {
  readonly url: string;
  readonly description: ServerDescription;
  /** Refuses new requests, lets running ones end, ends the engines. */
  close(): Promise<void>;
  /** As `close`, but engines of stored deployments go on: the next server takes them over. */
  leave(): Promise<void>;
}

/** Starts a server; resolves once the declared model answers, rejects with a ConfigError that says what to change. */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  const { leaveEngines, ...server } = await openAll(async (begun) => {
    const foundation = await openFoundation(config);
    begun(() => foundation.close());
    const ground = await openGround(config, foundation);
    begun(() => ground.close());
    const declared = declare(config, ground);
    await ground.fleet.start();
    // Read while the model loads: some devices take a second to tell.
    const accelerators = () => ground.devices.accelerators;
    accelerators();
    // Read while the model loads: together they are half of what a start takes.
    const [{ openPlatform }, { createApp }] = await Promise.all([
      import('./open-platform.ts'),
      import('./create-app.ts'),
    ]);
    const platform = await openPlatform(config, foundation, ground);
    begun(() => platform.close());
    const closing = new AbortController();
    const app = createApp(config, { foundation, platform, closing: closing.signal });
    begun(() => {
      closing.abort();
      return app.close(config.drainMs);
    });
    const url = await listen(app, config);
    await foundation.lock.update({ url });
    await platform.offerSetup(url);
    const tell = (words: string): void => config.onProgress?.(words, url);
    const model = declared && (await firstReady(platform, declared, tell));
    const doubts = declared === undefined ? [] : gpuDoubts(declared, { ...ground, accelerators });
    const description = describe(platform, { ...foundation, notes: [...foundation.notes, ...doubts] }, model);
    return { url, description, leaveEngines: () => ground.fleet.fleet.leaveEngines() };
  });
  return {
    ...server,
    leave() {
      leaveEngines();
      return server.close();
    },
  };
}

/** The model of the command line; the bundled one that nobody named gives way to what is deployed. */
function declare({ model, isModelNamed }: ServerConfig, { fleet, engines }: Ground): Deployment | undefined {
  const isWanted = model !== undefined && (isModelNamed || fleet.fleet.deployments.length === 0);
  if (!isWanted) return undefined;
  try {
    engines.kind(model).readWishes(model);
  } catch (thrown) {
    const { message } = toAppError(thrown);
    throw new ConfigError('invalid_config', message, { cause: thrown });
  }
  return fleet.declare(model, !isModelNamed);
}

async function listen(app: HttpApp, { host, port: wanted, tls }: ServerConfig): Promise<string> {
  const port = await app.listen({ host, port: wanted });
  return `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What a start is at. */
function describeWait({ state, reason }: Pick<Instance, 'state' | 'reason'>): string {
  return state === 'starting' ? 'the engine is loading it' : reason || state;
}

/** Waits until a declared model answers; throws why its first start failed. */
async function firstReady(
  { fleet, profiles }: Pick<Platform, 'fleet' | 'profiles'>,
  { id, source }: Deployment,
  tell: (words: string) => void,
): Promise<ModelDescription> {
  const forever = new AbortController().signal;
  for (;;) {
    const [kept] = fleet.fleet.keptOf(id);
    const { state, reason = '' } = kept?.instance ?? {};
    if (state !== undefined && state !== 'ready') tell(`${describeSource(source)}: ${describeWait({ state, reason })}`);
    const { client, spec, deployment, error } = kept ?? {};
    if (client !== undefined && spec !== undefined && deployment !== undefined) {
      const { device, contextPerSlot } = client;
      const format = profiles(spec, deployment).evidence;
      return { name: spec.name, device, contextPerRequest: contextPerSlot, parallel: deployment.parallel, format };
    }
    if (kept !== undefined && state === 'failed') throw toConfigError(error, kept);
    await fleet.fleet.change(forever);
  }
}

/** A model that a person named and that cannot be had is theirs to change. */
function toConfigError(error: AppError | undefined, { instance, deployment }: KeptInstance): AppError {
  if (error?.kind === 'bug' || error?.kind === 'config') return error;
  const { source, name } = deployment;
  const message = `'${describeSource(source)}' cannot be served: ${error?.message ?? instance.reason}`;
  const advice = `\nA GGUF file on this machine needs no network:\n  sh scripts/run_assistant_server.sh --served-model-name ${name} --model ./${name}-q4_k_m.gguf`;
  const isRemote = source.kind !== 'local' && source.kind !== 'bundled';
  return new ConfigError('model_unusable', isRemote ? message + advice : message, { ...(error && { cause: error }) });
}

function describe(
  { fleet }: Pick<Ground, 'fleet'>,
  foundation: Pick<Foundation, 'logFile' | 'notes'>,
  model: ModelDescription | undefined,
): ServerDescription {
  const { logFile, notes } = foundation;
  // What was asked for by flag goes first: examples are made with it.
  const isStored = ({ declaredBy }: Deployment): number => Number(declaredBy === 'store');
  const deployments = [...fleet.fleet.deployments].sort((a, b) => isStored(a) - isStored(b));
  const modelNames = deployments.flatMap(servedNames);
  return { modelNames, logFile, notes, readyMs: performance.now(), ...(model && { model }) };
}
