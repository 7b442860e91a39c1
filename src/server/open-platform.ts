/** Puts the platform together on its foundation: accounts, models, fleet, and the way of a request. */

import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, sep } from 'node:path';
import { type Admission, createAdmission } from '../answering/admission.ts';
import { createProfiles, type ProfileWishes, templateOf } from '../answering/model-profile.ts';
import { randomHex, systemClock } from '../base/clock.ts';
import { RequestError } from '../base/errors.ts';
import { embeddedEngine } from '../engines/embedded/embedded.ts';
import type { Engine } from '../engines/engine.ts';
import type { Deployment, DeploymentSpec } from '../fleet/deployment.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { Accounts } from '../http/accounts/accounts.ts';
import { createAccounts } from '../http/accounts/create-accounts.ts';
import { withdrawSetup } from '../http/accounts/offer-setup.ts';
import type { PlatformSettings } from '../http/management/platform-settings.ts';
import { type CurrentSettings, createStoredSettings } from '../http/management/stored-settings.ts';
import { freeMemory } from '../models/free-memory.ts';
import { hubEndpoints } from '../models/hub/hub-endpoints.ts';
import { modelPlaces } from '../models/on-disk/model-places.ts';
import { examineTemplate } from '../models/template-doctor.ts';
import { ChangeFeed, createFleetControl } from '../operating/control-fleet.ts';
import { DeviceDesk } from '../operating/device-desk.ts';
import { dryRender } from '../operating/dry-render.ts';
import type { FleetControl } from '../operating/fleet-control.ts';
import { createReadLocal } from '../operating/local-shelf.ts';
import { type OpenFleet, openFleet } from '../operating/open-fleet.ts';
import { type OpenModels, openModels } from '../operating/open-models.ts';
import { createOutbound } from '../outbound/http-client.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { readDevices } from '../runtime/devices.ts';
import { createGuardedRuntime } from '../runtime/guarded-runtime.ts';
import { createLogs } from '../runtime/logs.ts';
import { createRunProgram, readText } from '../runtime/run-program.ts';
import { bundledModelPath, customFormats } from './model-tools.ts';
import type { Foundation } from './open-foundation.ts';
import type { ServerConfig } from './server-config.ts';

/** How profiles are found. */
export type Profiles = ReturnType<typeof createProfiles>;

/** Everything above the foundation but HTTP. */
export interface Platform {
  readonly profiles: Profiles;
  readonly accounts: Accounts;
  readonly admission: Admission;
  readonly settings: PlatformSettings;
  readonly models: OpenModels;
  readonly fleet: OpenFleet;
  readonly control: FleetControl;
  close(): Promise<void>;
}

/** On one machine all instances are on it. */
const workerId = 'local';

/** Opens everything; nothing moves yet. */
export async function openPlatform(config: ServerConfig, foundation: Foundation): Promise<Platform> {
  const { store, log, dataFolder } = foundation;
  const { db } = store;
  const profiles = createProfiles((wanted) => customFormats(dataFolder, wanted));
  const outside = await openOutside(config, foundation);
  const accounts = await openAccounts(config, foundation, outside.outbound);
  const admission = await createAdmission({ db, clock: systemClock, log });
  const others = new ChangeFeed();
  const devices = new DeviceDesk({ db, workerId, read: () => readDevices(readText, createRunProgram()) });
  await devices.open();
  const models = await openModels({
    ...outside,
    db,
    dataFolder,
    environment: config.environment,
    readLocal: createReadLocal(bundledModelPath()),
    workerId,
    others,
    clock: systemClock,
    randomHex,
    log,
    ...(config.catalogFile !== undefined && { catalogFile: config.catalogFile }),
  });
  const fleet = await openFleet({
    db,
    dataFolder,
    runtime: createGuardedRuntime({ dataFolder }),
    engine: engineOf,
    shelf: models.shelf,
    inspect: async (spec, wishes) => {
      await checkPlace(spec, wishes, outside.settings);
      await inspect(spec, wishes);
      profiles(spec, wishes);
    },
    devices: () => devices.placeable,
    clock: systemClock,
    randomHex,
    log,
  });
  const control = createFleetControl({
    fleet: fleet.fleet,
    db,
    clock: systemClock,
    newId: fleet.newId,
    check: (spec) => void engineOf(spec).readWishes(spec),
    formatOf: (spec, deployment) => formatOf(profiles, spec, deployment),
    verdictOf: () => undefined,
    doubtsOf: (spec, deployment) => doubtsOf(profiles, models, { spec, deployment }),
    probe: () => Promise.reject(new RequestError('conflict', 'Nothing is ready to be probed.')),
    devices,
    downloads: models.downloads,
    files: models.files,
    estimate: {
      shelf: models.shelf,
      plan: models.plan,
      devices: () => readDevices(readText, createRunProgram()),
      freeBytes: freeMemory,
    },
    logs: createLogs(dataFolder),
    others,
  });
  const close = async (): Promise<void> => {
    await models.close();
    await fleet.close();
    await admission.close();
    await accounts.close();
    await outside.outbound.close();
  };
  return { profiles, accounts, admission, settings: outside.settings, models, fleet, control, close };
}

interface Outside {
  readonly outbound: Outbound;
  readonly settings: PlatformSettings;
  readonly endpoints: () => ReturnType<typeof hubEndpoints>;
  readonly token: (hub: 'huggingface' | 'modelscope') => string | undefined;
}

/** The way outside, as administrators set it while the server runs. */
async function openOutside(config: ServerConfig, { store, keys, dataFolder, log }: Foundation): Promise<Outside> {
  const { environment, caFile, signIn } = config;
  const fixed = hubEndpoints(environment);
  let current: CurrentSettings = { settings: { allowedHosts: [], pathRoots: [] }, tokens: {} };
  const settings = await createStoredSettings({
    db: store.db,
    secretKey: keys.secrets,
    clock: systemClock,
    ownRoots: rootsOf(config, dataFolder),
    onChange: (next) => {
      current = next;
    },
  });
  const endpoints = () => ({
    huggingface: current.settings.huggingfaceEndpoint ?? fixed.huggingface,
    modelscope: current.settings.modelscopeEndpoint ?? fixed.modelscope,
  });
  const tokenVariables = { huggingface: 'HF_TOKEN', modelscope: 'MODELSCOPE_API_TOKEN' } as const;
  return {
    settings,
    endpoints,
    token: (hub) => current.tokens[`${hub}-token`] ?? environment[tokenVariables[hub]],
    outbound: createOutbound({
      environment,
      log,
      // Whoever names a mirror means its address, private or not.
      allowedHosts: () => [
        ...current.settings.allowedHosts,
        ...[...Object.values(endpoints()), ...(signIn === undefined ? [] : [signIn.issuer])].map(hostOf),
      ],
      ...(caFile !== undefined && { caFile }),
    }),
  };
}

function hostOf(url: string): string {
  return new URL(url).host;
}

function openAccounts(config: ServerConfig, foundation: Foundation, outbound: Outbound): Promise<Accounts> {
  const { store, log, keys, dataFolder } = foundation;
  const { signIn, publicUrl } = config;
  const settings = signIn && { ...signIn, ...(publicUrl !== undefined && { publicUrl }) };
  return createAccounts({
    db: store.db,
    clock: systemClock,
    log,
    keys,
    flagKeys: config.apiKeys,
    host: config.host,
    isKeyless: config.isLoopback && config.apiKeys.length === 0,
    onAdminLinkUsed: () => void withdrawSetup(dataFolder),
    ...(settings !== undefined && { oidc: { settings, outbound } }),
  });
}

/** `llama-box` is llama.cpp by whichever program there is; here that is the embedded one. */
function engineOf({ backend }: DeploymentSpec): Engine {
  if (backend !== 'vllm') return embeddedEngine;
  const message = "This version runs models with 'embedded' and 'llama-box'; 'vllm' comes later.";
  throw new RequestError('unsupported_field', message, { param: 'backend' });
}

/** Where models of this machine lie: our own, those of other programs, and what the start allowed. */
function rootsOf({ environment, pathRoots }: ServerConfig, dataFolder: string): readonly string[] {
  const machine = { environment, home: homedir(), platform: process.platform };
  return [...modelPlaces(machine, join(dataFolder, 'models')).map(({ folder }) => folder), ...pathRoots];
}

/** Looks again, now that the files are about to be opened: links may have changed since somebody was allowed to deploy them. */
async function checkPlace(
  { files }: ModelSpec,
  { source, declaredBy }: Deployment,
  settings: PlatformSettings,
): Promise<void> {
  if (source.kind !== 'local' || declaredBy === 'command-line') return;
  const roots = await Promise.all((await settings.pathRoots()).map((root) => realpath(root).catch(() => root)));
  for (const file of files) {
    const path = await realpath(file);
    if (roots.some((root) => path.startsWith(root.endsWith(sep) ? root : root + sep))) continue;
    const message = `'${file}' lies outside the folders from which models may be served; an administrator can add its folder (settings, pathRoots).`;
    throw new RequestError('invalid_value', message, { param: 'source.path' });
  }
}

/** A template is a stranger's program: it first runs in a thread that may fail. */
async function inspect(spec: ModelSpec, wishes: ProfileWishes): Promise<void> {
  await dryRender({ source: templateOf(spec, wishes), ...spec });
}

function formatOf(profiles: Profiles, spec: ModelSpec, deployment: Deployment) {
  const { format, evidence } = profiles(spec, deployment);
  return { name: format.name, evidence };
}

interface Doubted {
  readonly spec: ModelSpec;
  readonly deployment: Deployment;
}

/** What is known to be wrong with a template, and its mending; nothing is replaced in silence. */
function doubtsOf(profiles: Profiles, models: OpenModels, { spec, deployment }: Doubted): readonly string[] {
  const { abilities } = profiles(spec, deployment).template;
  const template = deployment.chatTemplate ?? spec.template;
  const facts = { names: [spec.name], abilities, ...(template !== undefined && { template }) };
  const { verdict, reason, fix } = examineTemplate(facts, models.catalog());
  return verdict === 'current' || verdict === 'unknown'
    ? []
    : [`Chat template: ${reason}${fix === undefined ? '' : ` ${fix}`}`];
}
