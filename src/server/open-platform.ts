/** Puts the platform on its ground: accounts, limits, and the fleet's control. */

import { type Admission, createAdmission } from '../answering/admission.ts';
import { systemClock } from '../base/clock.ts';
import { RequestError } from '../base/errors.ts';
import type { Deployment } from '../fleet/deployment.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { Accounts } from '../http/accounts/accounts.ts';
import { createAccounts } from '../http/accounts/create-accounts.ts';
import { offerSetup, withdrawSetup } from '../http/accounts/offer-setup.ts';
import { createSecretHash } from '../http/accounts/secret-hash.ts';
import { freeMemory } from '../models/free-memory.ts';
import { examineTemplate } from '../models/template-doctor.ts';
import { createFleetControl } from '../operating/control-fleet.ts';
import type { FleetControl } from '../operating/fleet-control.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { readDevices } from '../runtime/devices.ts';
import { createLogs } from '../runtime/logs.ts';
import { createRunProgram, readText } from '../runtime/run-program.ts';
import type { Foundation } from './open-foundation.ts';
import { engineOf, type Ground, type Profiles } from './open-ground.ts';
import type { ServerConfig } from './server-config.ts';

/** Everything below HTTP. */
export interface Platform extends Omit<Ground, 'close' | 'openProfiles'> {
  readonly profiles: Profiles;
  readonly accounts: Accounts;
  readonly admission: Admission;
  readonly control: FleetControl;
  /** Tells the first link while there is no administrator, with the address where the server answers. */
  offerSetup(url: string): Promise<void>;
  /** Writes what is still in memory; the ground is closed after it. */
  close(): Promise<void>;
}

/** Opens it. */
export async function openPlatform(config: ServerConfig, foundation: Foundation, ground: Ground): Promise<Platform> {
  const { store, log } = foundation;
  const accounts = await openAccounts(config, foundation, ground.outside.outbound);
  const admission = await createAdmission({ db: store.db, clock: systemClock, log });
  const profiles = await ground.openProfiles();
  const control = openControl(foundation, ground, profiles);
  const close = async (): Promise<void> => {
    await admission.close();
    await accounts.close();
  };
  const { dataFolder: folder, keys, isPassing } = foundation;
  const { publicUrl, print } = config;
  const offer = async (url: string): Promise<void> => {
    const parts = { db: store.db, clock: systemClock, hash: createSecretHash(keys) };
    if (!isPassing) await offerSetup(parts, { baseUrl: publicUrl ?? url, folder, ...(print && { print }) });
  };
  return { ...ground, profiles, accounts, admission, control, offerSetup: offer, close };
}

function openControl({ store, dataFolder }: Foundation, ground: Ground, profiles: Profiles): FleetControl {
  const { fleet, models, devices, others } = ground;
  return createFleetControl({
    fleet: fleet.fleet,
    db: store.db,
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

function formatOf(profiles: Profiles, spec: ModelSpec, deployment: Deployment) {
  const { format, evidence } = profiles(spec, deployment);
  return { name: format.name, evidence };
}

interface Doubted {
  readonly spec: ModelSpec;
  readonly deployment: Deployment;
}

/** What is known to be wrong with a template, and its mending; nothing is replaced in silence. */
function doubtsOf(profiles: Profiles, models: Ground['models'], { spec, deployment }: Doubted): readonly string[] {
  const { abilities } = profiles(spec, deployment).template;
  const template = deployment.chatTemplate ?? spec.template;
  const facts = { names: [spec.name], abilities, ...(template !== undefined && { template }) };
  const { verdict, reason, fix } = examineTemplate(facts, models.catalog());
  return verdict === 'current' || verdict === 'unknown'
    ? []
    : [`Chat template: ${reason}${fix === undefined ? '' : ` ${fix}`}`];
}
