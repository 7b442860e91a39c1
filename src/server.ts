/** Builds the whole product from its configuration, listens, and drains: the only file that constructs. */

import { mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { createComplete } from './answering/complete.ts';
import { type ModelProfile, profileModel, templateOf } from './answering/model-profile.ts';
import { randomHex, systemClock } from './base/clock.ts';
import { Bug } from './base/errors.ts';
import type { Log } from './base/log.ts';
import { embeddedEngine } from './engines/embedded/embedded.ts';
import type { Deployment } from './fleet/deployment.ts';
import type { InstanceId } from './fleet/instance.ts';
import type { ModelSpec } from './fleet/model-spec.ts';
import type { TemplateVerdict } from './formats/detect-template.ts';
import { allFormats } from './formats/formats.ts';
import type { CustomFormat } from './formats/load-format.ts';
import { createAccess } from './http/access.ts';
import { createHttpApp, type HttpApp } from './http/app.ts';
import { defaultLimits } from './http/limits.ts';
import type { ServedModel } from './http/model-routes.ts';
import { checkMemory } from './models/estimate-memory.ts';
import { freeMemory } from './models/free-memory.ts';
import { readModel } from './models/read-model.ts';
import { resolveModel } from './models/resolve-model.ts';
import { dryRender } from './operating/dry-render.ts';
import { InstanceKeeper } from './operating/instance-keeper.ts';
import { judgeTemplate } from './operating/judge-template.ts';
import { loadFormatFile, loadFormatsFrom } from './operating/load-formats.ts';
import { createLocalRoster } from './operating/local-roster.ts';
import { createLocalRuntime } from './runtime/local-runtime.ts';
import { openaiChat } from './wire/openai-chat/protocol.ts';
import { openaiCompletions } from './wire/openai-completions/protocol.ts';

/** Everything that can be set; the command line fills it from flags, environment and file. */
export interface ServerConfig {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly apiKeys: readonly string[];
  readonly deployment: Omit<Deployment, 'createdAt'>;
  /** Logs go here. */
  readonly stateFolder: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** What the start-up banner says. */
export interface ServerDescription {
  readonly modelName: string;
  readonly device: string;
  readonly contextPerRequest: number;
  readonly format: string;
  readonly logFile: string;
  /** From the start of the process. */
  readonly readyMs: number;
}

/** A server that answers. */
export interface RunningServer {
  readonly url: string;
  readonly description: ServerDescription;
  /** Refuses new requests, lets running ones end, ends the engine. */
  close(): Promise<void>;
}

/** How long running requests may take once the server is told to end. */
const drainMs = 10_000;
/** Requests under way at once, the waiting ones included; beyond it a client is told to come back. */
const maxRequests = 1_024;

/** The weights that come with the package. */
export function bundledModelPath(): string {
  return fileURLToPath(new URL('../models/nano/aimindserve-nano.gguf', import.meta.url));
}

/** Starts a server; resolves once the model answers, rejects with a ConfigError that says what to change. */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  const { deployment, spec } = declare(config.deployment);
  const logFolder = join(config.stateFolder, 'logs');
  mkdirSync(logFolder, { recursive: true });
  const logFile = join(logFolder, 'server.log');
  // Opened here and now: a destination that still opens cannot be flushed by an early exit.
  const log = pino({ level: config.logLevel }, pino.destination({ dest: openSync(logFile, 'a'), sync: false }));
  const socketFolder = mkdtempSync(join(tmpdir(), 'aimindserve-'));
  const keeper = keepInstance({ deployment, spec, logFolder, socketFolder, log });
  let app: HttpApp | undefined;
  const close = async () => {
    await app?.close(drainMs);
    await keeper.close();
    rmSync(socketFolder, { recursive: true, force: true });
    log.flush();
  };
  try {
    keeper.start();
    const profile = await profileSafely(spec, deployment, config.stateFolder);
    app = createApp(config, { keeper, profile, log });
    const port = await app.listen({ host: config.host, port: config.port });
    await keeper.firstReady(new AbortController().signal);
    return { url: urlOf(config.host, port), description: describe(keeper, profile, logFile), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

interface InstanceParts {
  readonly deployment: Deployment;
  readonly spec: ModelSpec;
  readonly logFolder: string;
  readonly socketFolder: string;
  readonly log: Log;
}

function keepInstance({ deployment, spec, logFolder, socketFolder, log }: InstanceParts): InstanceKeeper {
  return new InstanceKeeper({
    id: 'embedded-0' as InstanceId,
    deployment,
    spec,
    engine: embeddedEngine,
    runtime: createLocalRuntime({ logFolder }),
    newAddress: () => ({ socketPath: join(socketFolder, `${randomHex(4)}.sock`), token: randomHex(24) }),
    clock: systemClock,
    log,
  });
}

/** A template is a stranger's program: it first runs in a thread that may fail. */
async function profileSafely(spec: ModelSpec, deployment: Deployment, stateFolder: string): Promise<ModelProfile> {
  await dryRender({ source: templateOf(spec, deployment), ...spec });
  return profileModel(spec, deployment, customFormats(stateFolder, deployment.toolFormat));
}

/** The tool formats kept on this machine, and the one in a file that was asked for. */
export function customFormats(stateFolder: string, wanted?: string): readonly CustomFormat[] {
  const named = wanted !== undefined && isAbsolute(wanted) ? [loadFormatFile(wanted)] : [];
  return [...named, ...loadFormatsFrom(join(stateFolder, 'formats'))];
}

/** Which tool format a template file or a model speaks, and why. */
export function explainFormat(path: string, stateFolder: string): Promise<TemplateVerdict> {
  const custom = customFormats(stateFolder).map(({ format }) => format);
  const [first = allFormats[0], ...others] = [...custom, ...allFormats];
  return judgeTemplate(path, [first, ...others]);
}

interface AppParts {
  readonly keeper: InstanceKeeper;
  readonly profile: ModelProfile;
  readonly log: Log;
}

function createApp(config: ServerConfig, { keeper, profile, log }: AppParts): HttpApp {
  const complete = createComplete({
    roster: createLocalRoster([keeper]),
    profile: () => profile,
    clock: systemClock,
    randomHex,
    log,
    maxRequests,
  });
  return createHttpApp({
    complete,
    protocols: [openaiChat, openaiCompletions],
    models: () => servedModels(keeper, profile),
    access: createAccess({ keys: config.apiKeys, host: config.host }),
    log,
    clock: systemClock,
    limits: defaultLimits,
  });
}

/** Reads the model, and settles what its files and the machine's memory decide. */
function declare(wish: ServerConfig['deployment']): { deployment: Deployment; spec: ModelSpec } {
  const modelPath = resolveModel(wish.modelPath, process.cwd());
  const spec = readModel(modelPath);
  const { contextSize } = checkMemory(spec, wish, freeMemory());
  return { deployment: { ...wish, modelPath, contextSize, createdAt: systemClock.unixSeconds() }, spec };
}

function servedModels(keeper: InstanceKeeper, profile: ModelProfile): readonly ServedModel[] {
  const { names, createdAt, contextSize } = keeper.deployment;
  const contextLength = keeper.client?.contextPerSlot ?? contextSize;
  const lengths = contextLength !== undefined && { contextLength, maxOutputTokens: contextLength };
  const capabilities = ['chat', 'tools', `tools:${profile.format.name}`];
  return names.map((name) => ({ name, createdAt, capabilities, state: keeper.instance.state, ...lengths }));
}

function describe(keeper: InstanceKeeper, profile: ModelProfile, logFile: string): ServerDescription {
  const { client } = keeper;
  if (client === undefined) throw new Bug('a ready instance has no client');
  return {
    modelName: keeper.spec.name,
    device: client.device,
    contextPerRequest: client.contextPerSlot,
    format: profile.evidence,
    logFile,
    readyMs: performance.now(),
  };
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
