/** Builds the whole product from its configuration, listens, and drains: the only file that constructs. */

import { mkdirSync, openSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { createComplete } from './answering/complete.ts';
import { createProfiles, type ProfileWishes, templateOf } from './answering/model-profile.ts';
import { randomHex, systemClock } from './base/clock.ts';
import { UnavailableError } from './base/errors.ts';
import type { Log } from './base/log.ts';
import { embeddedEngine } from './engines/embedded/embedded.ts';
import type { Deployment, DeploymentSpec } from './fleet/deployment.ts';
import { servedNames } from './fleet/deployment.ts';
import type { ModelSpec } from './fleet/model-spec.ts';
import type { TemplateVerdict } from './formats/detect-template.ts';
import { allFormats } from './formats/formats.ts';
import type { CustomFormat } from './formats/load-format.ts';
import { createAccess } from './http/access.ts';
import { createHttpApp, type HttpApp } from './http/app.ts';
import { defaultLimits } from './http/limits.ts';
import type { ServedModel } from './http/model-routes.ts';
import { dryRender } from './operating/dry-render.ts';
import type { Fleet } from './operating/fleet.ts';
import { judgeTemplate } from './operating/judge-template.ts';
import { loadFormatFile, loadFormatsFrom } from './operating/load-formats.ts';
import { createReadLocal } from './operating/local-shelf.ts';
import { type OpenFleet, openFleet } from './operating/open-fleet.ts';
import { createGuardedRuntime } from './runtime/guarded-runtime.ts';
import { openStore, type Store } from './store/database.ts';
import { openaiChat } from './wire/openai-chat/protocol.ts';
import { openaiCompletions } from './wire/openai-completions/protocol.ts';

/** Everything that can be set; the command line fills it from flags, environment and file. */
export interface ServerConfig {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly apiKeys: readonly string[];
  /** What the command line declares; absent = nothing. */
  readonly model?: DeploymentSpec;
  /** Did a person name the model (or its names)? Otherwise it gives way to whatever is deployed. */
  readonly isModelNamed: boolean;
  /** Everything that outlives the process is kept here. */
  readonly dataFolder: string;
  /** Did a person choose it? */
  readonly isDataFolderNamed: boolean;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** What the start-up banner says. */
export interface ServerDescription {
  /** Names that can be asked for now or soon. */
  readonly modelNames: readonly string[];
  /** The declared model, once it is ready. */
  readonly model?: ModelDescription;
  readonly logFile: string;
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
}

/** How long running requests may take once the server is told to end. */
const drainMs = 10_000;
/** Requests under way at once, the waiting ones included; beyond it a client is told to come back. */
const maxRequests = 1_024;

/** The weights that come with the package. */
export function bundledModelPath(): string {
  return fileURLToPath(new URL('../models/nano/aimindserve-nano.gguf', import.meta.url));
}

/** Starts a server; resolves once the declared model answers, rejects with a ConfigError that says what to change. */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  const { dataFolder } = config;
  const { log, logFile } = openLog(config);
  const ends: Array<() => Promise<void>> = [];
  const close = async () => {
    for (const end of ends.splice(0).reverse()) await end();
    log.flush();
  };
  try {
    const store = await openStore({
      path: join(dataFolder, 'aimindserve.db'),
      clock: systemClock,
      log,
      backupsFolder: join(dataFolder, 'backups'),
    });
    ends.push(() => store.close());
    const profiles = createProfiles((wanted) => customFormats(dataFolder, wanted));
    const opened = await open(config, { store, profiles, log });
    ends.push(() => opened.close());
    const declared = declare(config, opened);
    await opened.start();
    const app = createApp(config, { opened, profiles, log });
    ends.push(() => app.close(drainMs));
    const port = await app.listen({ host: config.host, port: config.port });
    const model = declared === undefined ? undefined : await firstReady(opened.fleet, declared, profiles);
    const modelNames = opened.fleet.deployments.flatMap(servedNames);
    const description = { modelNames, logFile, readyMs: performance.now(), ...(model && { model }) };
    return { url: urlOf(config.host, port), description, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

type Profiles = ReturnType<typeof createProfiles>;

/** Logs are opened here and now: a destination that still opens cannot be flushed by an early exit. */
function openLog({ dataFolder, logLevel }: ServerConfig) {
  const logFolder = join(dataFolder, 'logs');
  mkdirSync(logFolder, { recursive: true, mode: 0o700 });
  const logFile = join(logFolder, 'server.log');
  const log = pino({ level: logLevel }, pino.destination({ dest: openSync(logFile, 'a', 0o600), sync: false }));
  return { log, logFile };
}

interface FleetFoundation {
  readonly store: Store;
  readonly profiles: Profiles;
  readonly log: Log;
}

function open({ dataFolder }: ServerConfig, { store, profiles, log }: FleetFoundation): Promise<OpenFleet> {
  const readLocal = createReadLocal(bundledModelPath(), () => true);
  const take = (source: Deployment['source']): ModelSpec => {
    const spec = readLocal(source);
    if (spec === undefined) throw new UnavailableError('outbound_failed', 'Models cannot be fetched yet.');
    return spec;
  };
  return openFleet({
    db: store.db,
    dataFolder,
    runtime: createGuardedRuntime({ dataFolder }),
    engine: () => embeddedEngine,
    shelf: { take: async (source) => take(source), peek: readLocal },
    inspect: async (spec, wishes) => {
      await inspect(spec, wishes);
      profiles(spec, wishes);
    },
    devices: () => [{ id: 'cpu', isCordoned: false, labels: {} }],
    clock: systemClock,
    randomHex,
    log,
  });
}

/** A template is a stranger's program: it first runs in a thread that may fail. */
async function inspect(spec: ModelSpec, wishes: ProfileWishes): Promise<void> {
  await dryRender({ source: templateOf(spec, wishes), ...spec });
}

/** The model of the command line; the bundled one that nobody named gives way to what is deployed. */
function declare({ model, isModelNamed }: ServerConfig, opened: OpenFleet): Deployment | undefined {
  const isWanted = model !== undefined && (isModelNamed || opened.fleet.deployments.length === 0);
  return isWanted ? opened.declare(model) : undefined;
}

/** Waits until a declared model answers; throws why its first start failed. */
async function firstReady(fleet: Fleet, { id }: Deployment, profiles: Profiles): Promise<ModelDescription> {
  const forever = new AbortController().signal;
  for (;;) {
    const [kept] = fleet.keptOf(id);
    const { client, spec, deployment, error } = kept ?? {};
    if (client !== undefined && spec !== undefined && deployment !== undefined) {
      const { device, contextPerSlot } = client;
      const format = profiles(spec, deployment).evidence;
      return { name: spec.name, device, contextPerRequest: contextPerSlot, parallel: deployment.parallel, format };
    }
    if (kept?.instance.state === 'failed') throw error ?? new UnavailableError('model_failed', kept.instance.reason);
    await fleet.change(forever);
  }
}

/** The tool formats kept on this machine, and the one in a file that was asked for. */
export function customFormats(dataFolder: string, wanted?: string): readonly CustomFormat[] {
  const named = wanted !== undefined && isAbsolute(wanted) ? [loadFormatFile(wanted)] : [];
  return [...named, ...loadFormatsFrom(join(dataFolder, 'formats'))];
}

/** Which tool format a template file or a model speaks, and why. */
export function explainFormat(path: string, dataFolder: string): Promise<TemplateVerdict> {
  const custom = customFormats(dataFolder).map(({ format }) => format);
  const [first = allFormats[0], ...others] = [...custom, ...allFormats];
  return judgeTemplate(path, [first, ...others]);
}

interface AppParts {
  readonly opened: OpenFleet;
  readonly profiles: Profiles;
  readonly log: Log;
}

function createApp(config: ServerConfig, { opened, profiles, log }: AppParts): HttpApp {
  const complete = createComplete({
    roster: opened.roster,
    profile: ({ spec, deployment }) => profiles(spec, deployment),
    clock: systemClock,
    randomHex,
    log,
    maxRequests,
  });
  return createHttpApp({
    complete,
    protocols: [openaiChat, openaiCompletions],
    models: () => servedModels(opened.fleet, profiles),
    access: createAccess({ keys: config.apiKeys, host: config.host }),
    log,
    clock: systemClock,
    limits: defaultLimits,
  });
}

function servedModels(fleet: Fleet, profiles: Profiles): readonly ServedModel[] {
  return fleet.deployments.flatMap((deployment) => {
    const kept = fleet.keptOf(deployment.id);
    const serving = kept.find(({ client }) => client !== undefined);
    const { client, spec } = serving ?? {};
    const contextLength = client?.contextPerSlot ?? deployment.contextSize;
    const lengths = contextLength !== undefined && { contextLength, maxOutputTokens: contextLength };
    const format = spec === undefined ? [] : [`tools:${profiles(spec, deployment).format.name}`];
    const state = serving?.instance.state ?? kept[0]?.instance.state ?? 'stopped';
    const facts = { createdAt: deployment.createdAt, capabilities: ['chat', 'tools', ...format], state, ...lengths };
    return servedNames(deployment).map((name) => ({ name, ...facts }));
  });
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
