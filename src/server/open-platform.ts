/** Puts the platform on its ground: accounts, limits, and the fleet's control. */

import { type Admission, createAdmission } from '../answering/admission.ts';
import { createComplete } from '../answering/complete.ts';
import { createMeter, type Meter } from '../answering/usage-meter.ts';
import { randomHex, systemClock } from '../base/clock.ts';
import type { Candidate } from '../engines/roster.ts';
import type { DeploymentSpec } from '../fleet/deployment.ts';
import type { Accounts } from '../http/accounts/accounts.ts';
import { createAccounts } from '../http/accounts/create-accounts.ts';
import { offerSetup, withdrawSetup } from '../http/accounts/offer-setup.ts';
import { createSecretHash } from '../http/accounts/secret-hash.ts';
import { openTelemetry } from '../http/metrics-telemetry.ts';
import { createFleetControl } from '../operating/control-fleet.ts';
import { keyOfEngine } from '../operating/engines.ts';
import type { FleetControl } from '../operating/fleet-control.ts';
import { ProbeDesk } from '../operating/probing/probe-desk.ts';
import { openVerdictShelf } from '../operating/probing/verdict-shelf.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { createLogs } from '../runtime/logs.ts';
import { doubtsOf } from './doubts-of.ts';
import { openAll } from './end-all.ts';
import { expectedVerdict, formatOf } from './format-of.ts';
import type { Foundation } from './open-foundation.ts';
import type { Ground, Profiles } from './open-ground.ts';
import type { ServerConfig } from './server-config.ts';

/** Everything below HTTP. */
export interface Platform extends Omit<Ground, 'close' | 'openProfiles'> {
  readonly profiles: Profiles;
  readonly accounts: Accounts;
  readonly admission: Admission;
  readonly meter: Meter;
  readonly control: FleetControl;
  /** Tells the first link while there is no administrator, with the address where the server answers. */
  offerSetup(url: string): Promise<void>;
  /** Writes what is still in memory; the ground is closed after it. */
  close(): Promise<void>;
}

/** Opens it. */
export function openPlatform(config: ServerConfig, foundation: Foundation, ground: Ground): Promise<Platform> {
  const { store, log } = foundation;
  return openAll(async (begun) => {
    const accounts = await openAccounts(config, foundation, ground.outside.outbound);
    begun(() => accounts.close());
    const admission = await createAdmission({ db: store.db, clock: systemClock, log });
    begun(() => admission.close());
    const meter = await openMeter(foundation, ground);
    begun(() => meter.close());
    const profiles = await ground.openProfiles();
    const probes = await openProbes(foundation, ground, profiles);
    // Before the fleet: an engine that ends would look like one that failed its probe.
    begun(() => probes.close());
    const control = openControl(foundation, ground, { profiles, probes });
    const { openProfiles, close, ...rest } = ground;
    return { ...rest, profiles, accounts, admission, meter, control, offerSetup: setupOffer(config, foundation) };
  });
}

function openMeter({ store, log }: Foundation, { fleet: { roster } }: Ground): Promise<Meter> {
  const deploymentOf = (model: string) => roster.find(model)?.name;
  const tell = openTelemetry(systemClock.unixMs);
  return createMeter({ db: store.db, clock: systemClock, log, randomHex, deploymentOf, ...(tell && { tell }) });
}

/** A server that keeps nothing has no administrator. */
function setupOffer({ publicUrl, print }: ServerConfig, { store, keys, dataFolder, isPassing }: Foundation) {
  return async (url: string): Promise<void> => {
    const parts = { db: store.db, clock: systemClock, hash: createSecretHash(keys) };
    const place = { baseUrl: publicUrl ?? url, folder: dataFolder, ...(print && { print }) };
    if (!isPassing) await offerSetup(parts, place);
  };
}

/** Who says how a model speaks, and whether it does. */
interface Judges {
  readonly profiles: Profiles;
  readonly probes: ProbeDesk;
}

/** Probes go the way of every request, but to the one instance that is probed. */
async function openProbes(
  { store, log }: Foundation,
  { fleet, engines, others }: Ground,
  profiles: Profiles,
): Promise<ProbeDesk> {
  const desk = new ProbeDesk({
    fleet: fleet.fleet,
    shelf: await openVerdictShelf(store.db, log),
    ask: (roster, request, signal) => {
      const profile = ({ spec, deployment }: Candidate) => profiles(spec, deployment);
      return createComplete({ roster, profile, clock: systemClock, randomHex, log, maxRequests: 1 })(request, signal);
    },
    formatOf: (spec, deployment) => formatOf(profiles, spec, deployment).name,
    rivalOf: (spec, deployment) => profiles(spec, deployment).rival?.name,
    engineOf: (deployment) => {
      const engine = engines.choose(deployment);
      return 'needs' in engine ? '' : keyOfEngine(engine);
    },
    clock: systemClock,
    log,
    changed: (id) => others.tell({ kind: 'deployment', id, type: 'updated' }),
    restMs: 1_000,
  });
  desk.watch();
  return desk;
}

function openControl({ store, dataFolder }: Foundation, ground: Ground, { profiles, probes }: Judges): FleetControl {
  const { fleet, models, engines, remoteKeys, devices, others } = ground;
  const readWishes = (spec: DeploymentSpec) => engines.kind(spec).readWishes(spec);
  const accelerators = () => devices.accelerators;
  const experts = { profiles, probes, catalog: models.catalog, engines, accelerators };
  return createFleetControl({
    fleet: fleet.fleet,
    db: store.db,
    clock: systemClock,
    newId: fleet.newId,
    remoteKeys,
    readWishes,
    formatOf: (spec, deployment) => formatOf(profiles, spec, deployment),
    verdictOf: (spec, deployment) => probes.verdictOf(spec, deployment) ?? expectedVerdict(profiles, spec, deployment),
    doubtsOf: (spec, deployment) => doubtsOf({ spec, deployment }, experts),
    probe: (deployment, signal) => probes.probe(deployment, signal),
    devices,
    downloads: models.downloads,
    files: models.files,
    estimate: {
      peek: (spec) => models.shelf.peek({ source: spec.source, weights: engines.kind(spec).weights }),
      catalog: models.catalog,
      plan: (spec, signal) => models.plan({ source: spec.source, weights: engines.kind(spec).weights }, signal),
      readWishes,
      devices: () => devices.readNow(),
      placeable: (spec, usesGpu) => devices.placeableFor(spec, usesGpu),
      engine: (spec) => engines.kind(spec),
      freeBytes: () => fleet.memory.freeBytes,
    },
    logs: createLogs(dataFolder),
    others,
  });
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
