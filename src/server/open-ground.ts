/** What models need to come up: where they come from, the engines, and the fleet that keeps them. */

import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import type { ModelProfile, ProfileWishes } from '../answering/model-profile.ts';
import { randomHex, systemClock } from '../base/clock.ts';
import { RequestError } from '../base/errors.ts';
import type { Deployment } from '../fleet/deployment.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { PlatformSettings } from '../http/management/platform-settings.ts';
import { listSourceFiles } from '../models/convert/source-key.ts';
import { findSafetensors } from '../models/resolve-model.ts';
import { ChangeFeed } from '../operating/change-feed.ts';
import { DeviceDesk } from '../operating/device-desk.ts';
import { dryRender } from '../operating/dry-render.ts';
import type { Engines } from '../operating/engines.ts';
import type { EngineDesk } from '../operating/installing/engine-desk.ts';
import { type OpenFleet, openFleet } from '../operating/open-fleet.ts';
import { openRemoteKeys, type RemoteKeys } from '../operating/remote-keys.ts';
import { createReadLocal } from '../operating/shelves/local-shelf.ts';
import { type OpenModels, openModels } from '../operating/shelves/open-models.ts';
import { readDevices } from '../runtime/devices.ts';
import { createGuardedRuntime } from '../runtime/guarded-runtime.ts';
import { createRunProgram, readText } from '../runtime/run-program.ts';
import { bundledModelPath } from './bundled-model.ts';
import { openAll } from './end-all.ts';
import { openEngines } from './open-engines.ts';
import type { Foundation } from './open-foundation.ts';
import { type Outside, openOutside } from './open-outside.ts';
import type { ServerConfig } from './server-config.ts';

/** How profiles are found. */
export type Profiles = (spec: ModelSpec, deployment: Deployment) => ModelProfile;

/** Everything that knows of formats is read while the first engine loads. */
type OpenProfiles = () => Promise<Profiles>;

/** Everything that starts and keeps models. */
export interface Ground {
  readonly outside: Outside;
  readonly openProfiles: OpenProfiles;
  readonly models: OpenModels;
  readonly engines: Engines;
  readonly engineDesk: EngineDesk;
  readonly remoteKeys: RemoteKeys;
  readonly fleet: OpenFleet;
  readonly devices: DeviceDesk;
  /** Changes that the fleet itself does not know of. */
  readonly others: ChangeFeed;
  close(): Promise<void>;
}

/** On one machine all instances are on it. */
const workerId = 'local';

/** Opens it; nothing moves before `fleet.start`. */
export function openGround(config: ServerConfig, foundation: Foundation): Promise<Ground> {
  const { store, log, dataFolder, keys } = foundation;
  const { db } = store;
  const tools = { db, dataFolder, clock: systemClock, randomHex, log };
  return openAll(async (begun) => {
    const outside = await openOutside(config, foundation);
    begun(() => outside.outbound.close());
    const others = new ChangeFeed(log);
    const devices = new DeviceDesk({
      db,
      workerId,
      read: () => readDevices(readText, createRunProgram()),
      changed: () => fleet.fleet.lookAgain(),
    });
    await devices.open();
    const models = await openModels({
      ...tools,
      ...outside,
      environment: config.environment,
      readLocal: createReadLocal(bundledModelPath()),
      workerId,
      others,
      ...(config.catalogFile !== undefined && { catalogFile: config.catalogFile }),
    });
    begun(() => models.close());
    const { engines, desk, close } = openEngines(config, foundation, {
      ...{ workerId, devices, others, outbound: outside.outbound },
      kept: () => fleet.fleet.kept,
      lookAgain: () => fleet.fleet.lookAgain(),
    });
    begun(close);
    const openProfiles = once(() => loadProfiles(dataFolder, engines));
    const remoteKeys = await openRemoteKeys({ db, secretKey: keys.secrets, clock: systemClock });
    const fleet = await openFleet({
      ...tools,
      runtime: createGuardedRuntime({ dataFolder }),
      engines,
      shelf: models.shelf,
      allow: (spec, deployment) => checkPlace(spec, deployment, outside.settings),
      inspect: (spec, deployment) => inspect(spec, deployment, openProfiles),
      devices: (deployment, usesGpu) => devices.placeableFor(deployment, usesGpu),
      readDevices: () => devices.readNow(),
      remoteKey: (owner) => remoteKeys.read(owner),
    });
    // Ended before the downloads: what waits for one would begin another.
    begun(() => fleet.close());
    return { outside, openProfiles, models, engines, engineDesk: desk, remoteKeys, fleet, devices, others };
  });
}

/** A template is a stranger's program: it first runs in a thread that may fail. */
async function inspect(spec: ModelSpec, deployment: Deployment, openProfiles: OpenProfiles): Promise<void> {
  const [profiles, { templateOf }] = await Promise.all([openProfiles(), import('../answering/model-profile.ts')]);
  await dryRender({ source: templateOf(spec, deployment), ...spec });
  profiles(spec, deployment);
}

/** Looks again, now that the files are about to be opened: links may have changed since somebody was allowed to deploy them. */
async function checkPlace(
  { files }: ModelSpec,
  { source, declaredBy }: Deployment,
  settings: PlatformSettings,
): Promise<void> {
  if (source.kind !== 'local' || declaredBy === 'command-line') return;
  const roots = await Promise.all((await settings.pathRoots()).map((root) => realpath(root).catch(() => root)));
  // Of converted weights the originals count: the conversion lies in our own folder.
  const weights = findSafetensors(source.path, process.cwd());
  for (const file of weights === undefined ? files : listSourceFiles(weights)) {
    const path = await realpath(file);
    if (roots.some((root) => path === root || path.startsWith(root.endsWith(sep) ? root : root + sep))) continue;
    const message = `'${file}' lies outside the folders from which models may be served; an administrator can add its folder (settings, pathRoots).`;
    throw new RequestError('invalid_value', message, { param: 'source.path' });
  }
}

async function loadProfiles(dataFolder: string, engines: Engines): Promise<Profiles> {
  const [{ createProfiles }, { customFormats }] = await Promise.all([
    import('../answering/model-profile.ts'),
    import('./model-tools.ts'),
  ]);
  const profiles = createProfiles((wanted) => customFormats(dataFolder, wanted));
  const wishes = new WeakMap<Deployment, ProfileWishes>();
  return (spec, deployment) => {
    const known = wishes.get(deployment) ?? profileWishes(deployment, engines);
    wishes.set(deployment, known);
    return profiles(spec, known);
  };
}

/** Backend parameters name a format too. */
function profileWishes(deployment: Deployment, engines: Engines): ProfileWishes {
  const { toolParser } = engines.kind(deployment).readWishes(deployment);
  return toolParser === undefined ? deployment : { ...deployment, toolParser };
}

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open();
    return opened;
  };
}
