/** Puts the fleet together: what was deployed before, what the command line declares, and the hands that move it. */

import { join } from 'node:path';
import type { Clock, RandomHex } from '../base/clock.ts';
import { ConfigError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Deployment, type DeploymentId, type DeploymentSpec, servedNames } from '../fleet/deployment.ts';
import type { Device } from '../fleet/device.ts';
import type { Instance } from '../fleet/instance.ts';
import type { ModelRoute } from '../fleet/model-route.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import { freeMemory } from '../models/free-memory.ts';
import type { Runtime } from '../runtime/run.ts';
import { listDeployments } from '../store/deployments.ts';
import { listInstances } from '../store/instances.ts';
import type { Db } from '../store/tables.ts';
import { AddressDesk } from './address-desk.ts';
import type { Engines } from './engines.ts';
import { Fleet, type FleetWorld } from './fleet.ts';
import { InstanceBook, readAdoptable } from './instance-book.ts';
import type { Adoptable, Patience } from './instance-life.ts';
import { MemoryDesk } from './memory-desk.ts';
import { type PlaceableDevice, placeInstance } from './place-instance.ts';
import type { KeyOwner } from './remote-keys.ts';
import type { ModelShelf } from './shelves/model-shelf.ts';
import { createLocalRoster, type LocalRoster } from './traffic/local-roster.ts';
import { RouteDesk } from './traffic/route-desk.ts';

/** What a fleet is opened with. */
export interface FleetParts {
  readonly db: Db;
  readonly dataFolder: string;
  readonly runtime: Runtime;
  readonly engines: Engines;
  readonly shelf: ModelShelf;
  /** May these files be served? Throws if not. */
  readonly allow: (spec: ModelSpec, deployment: Deployment) => Promise<void>;
  /** Tries what a stranger's model brings along; throws if it cannot be used. */
  readonly inspect: (spec: ModelSpec, deployment: Deployment) => Promise<void>;
  /** What an instance can be placed on; undefined = that is still being read. */
  readonly devices: (deployment: Deployment, usesGpu: boolean) => readonly PlaceableDevice[] | undefined;
  /** All devices as they are now. */
  readonly readDevices: () => Promise<readonly Device[]>;
  /** The key that a remote wants; '' = none. */
  readonly remoteKey: (owner: KeyOwner) => Promise<string>;
  readonly clock: Clock;
  readonly randomHex: RandomHex;
  readonly log: Log;
}

/** A fleet that is about to move. */
export interface OpenFleet {
  readonly fleet: Fleet;
  readonly memory: MemoryDesk;
  readonly roster: LocalRoster;
  readonly routes: RouteDesk;
  readonly newId: (prefix: 'dep' | 'ins') => string;
  /**
   * Deploys what a flag names; throws ConfigError if a stored deployment answers to one of its names. One that gives way
   * was named by nobody: a stored deployment takes its names as soon as it wants them.
   */
  declare(spec: DeploymentSpec, givesWay: boolean): Deployment;
  /** Takes up what an earlier server left, ends what it lost, and begins to move. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const patience: Patience = {
  startMs: 900_000,
  graceMs: 2_000,
  drainMs: 600_000,
  healthMs: 10_000,
  leaseMs: 600_000,
};

/** Reads what is deployed; nothing moves before `start`. */
export async function openFleet(parts: FleetParts): Promise<OpenFleet> {
  const { db, dataFolder, runtime, engines, shelf, allow, inspect, clock, randomHex, log } = parts;
  const addresses = new AddressDesk({ folder: join(dataFolder, 'sockets'), ...parts });
  const book = new InstanceBook(db, log);
  const newId = (prefix: 'dep' | 'ins'): string => `${prefix}_${randomHex(8)}`;
  const memory = new MemoryDesk(freeMemory, parts.readDevices);
  const fleet = new Fleet({
    runtime,
    engines,
    shelf,
    allow,
    inspect,
    memory,
    newAddress: (engine, deployment) => addresses.make(engine, deployment),
    dropAddress: (address) => addresses.drop(address),
    place: placer(parts),
    book,
    newId,
    clock,
    log,
    patience,
  });
  const stored = await listDeployments(db);
  for (const deployment of stored) fleet.want(deployment);
  const routes = await RouteDesk.open({
    ...{ db, clock },
    newId: () => `rte_${randomHex(8)}`,
    deployments: () => fleet.deployments,
  });
  return {
    fleet,
    memory,
    roster: createLocalRoster(fleet, clock, () => routes.routes),
    routes,
    newId,
    declare(spec, givesWay) {
      refuseDouble(spec, stored);
      refuseRoute(spec, routes.routes);
      const at = clock.unixSeconds();
      const deployment: Deployment = {
        ...spec,
        // The prefix is what makes it one.
        id: newId('dep') as DeploymentId,
        declaredBy: 'command-line',
        revision: 1,
        instanceRevision: 1,
        isStopped: false,
        createdAt: at,
        updatedAt: at,
      };
      fleet.want(deployment);
      if (givesWay) fleet.letGiveWay(deployment.id);
      return deployment;
    },
    async start() {
      const left = await readLeft(db, log);
      // What ran for a deployment that is no more is a stray too.
      const wanted = left.filter(({ instance }) => fleet.deployment(instance.deploymentId) !== undefined);
      addresses.sweep(wanted.flatMap(({ adoptable }) => (adoptable === undefined ? [] : [adoptable.address])));
      await runtime.strays(wanted.flatMap(({ adoptable }) => (adoptable === undefined ? [] : [adoptable.run])));
      for (const { instance, adoptable } of left) fleet.takeUp(instance, adoptable);
      fleet.start();
    },
    async close() {
      await fleet.close();
      await book.close();
    },
  };
}

interface Left {
  readonly instance: Instance;
  readonly adoptable: Adoptable | undefined;
}

/** What cannot be read any more is as if it had not been left; its process is a stray and will be ended. */
async function readLeft(db: Db, log: Log): Promise<readonly Left[]> {
  return (await listInstances(db)).map(({ instance, runRecord }) => {
    try {
      return { instance, adoptable: readAdoptable(runRecord, instance.id) };
    } catch (thrown) {
      log.error({ instance: instance.id, err: thrown }, 'the note of a running instance cannot be read');
      return { instance, adoptable: undefined };
    }
  });
}

/** Where an instance can run; nowhere while its engine is missing, and what runs elsewhere needs no device of ours. */
function placer({ engines, devices }: Pick<FleetParts, 'engines' | 'devices'>): FleetWorld['place'] {
  return (deployment, instances) => {
    const engine = engines.choose(deployment);
    if ('needs' in engine) return { reason: engine.needs };
    if (engine.listens === 'elsewhere') return { devices: [] };
    const usesGpu = engine.usesGpu && deployment.gpu !== 'off';
    const there = devices(deployment, usesGpu);
    if (there === undefined) return { reason: 'the devices of this machine are being read' };
    return placeInstance({ deployment, devices: there, instances, usesGpu });
  };
}

function refuseDouble(spec: DeploymentSpec, stored: readonly Deployment[]): void {
  const names = servedNames(spec);
  for (const deployment of stored) {
    const name = servedNames(deployment).find((each) => names.includes(each));
    if (name === undefined) continue;
    const message =
      `The name '${name}' is given on the command line and belongs to the stored deployment '${deployment.name}' ` +
      `(${deployment.id}) too. Choose another with --served-model-name, or remove the stored one: aimindserve rm ${deployment.name}`;
    throw new ConfigError('invalid_config', message);
  }
}

function refuseRoute(spec: DeploymentSpec, routes: readonly ModelRoute[]): void {
  const names = servedNames(spec);
  const route = routes.find(({ name }) => names.includes(name));
  if (route === undefined) return;
  const message =
    `The name '${route.name}' is given on the command line and belongs to a stored route too. ` +
    `Choose another with --served-model-name, or remove the route: aimindserve routes rm ${route.name}`;
  throw new ConfigError('invalid_config', message);
}
