/** Changes what is wanted: first in the database, so that nothing acknowledged is lost, then in the fleet. */

import type { Clock } from '../base/clock.ts';
import { RequestError, toAppError } from '../base/errors.ts';
import {
  completeSpec,
  type Deployment,
  type DeploymentId,
  type DeploymentSpec,
  type DeploymentWish,
  needsNewInstances,
  servedNames,
} from '../fleet/deployment.ts';
import type { UserId } from '../fleet/user.ts';
import { deleteDeployment, insertDeployment, updateDeployment } from '../store/deployments.ts';
import type { Db } from '../store/tables.ts';
import type { Fleet } from './fleet.ts';
import type { KeyOwner, RemoteKeys, WithRemoteKey } from './remote-keys.ts';
import { createTurns } from './turns.ts';

/** What edits are made with. */
export interface EditWorld {
  readonly fleet: Fleet;
  readonly db: Db;
  readonly clock: Clock;
  readonly newId: (prefix: 'dep' | 'ins') => string;
  readonly remoteKeys: RemoteKeys;
  /** Refuses what no engine of this version can run; throws RequestError with the field's path. */
  readonly check: (spec: DeploymentSpec) => void;
}

/** What an edit makes of a deployment. */
type Change = (before: DeploymentSpec) => DeploymentSpec & WithRemoteKey;

/** Edits of deployments; ids that do not exist are `not_found`. */
export interface DeploymentEditor {
  create(wish: DeploymentWish & WithRemoteKey, by: UserId | undefined): Promise<Deployment>;
  edit(id: DeploymentId, change: Change, expectedRevision?: number): Promise<Deployment>;
  setStopped(id: DeploymentId, isStopped: boolean): Promise<Deployment>;
  remove(id: DeploymentId): Promise<Deployment>;
}

/** Makes the editor; edits come one after another, so that each is made on what the one before has left. */
export function createDeploymentEditor(world: EditWorld): DeploymentEditor {
  const inTurn = createTurns();
  return {
    create: ({ remoteKey, ...wish }, by) =>
      inTurn(() => create(world, { spec: completeSpec(wish), by, ...(remoteKey !== undefined && { remoteKey }) })),
    edit: (id, change, expectedRevision) =>
      inTurn(() => {
        const before = find(world, id);
        if (expectedRevision !== undefined && expectedRevision !== before.revision) throw changedMeanwhile(before);
        return edit(world, before, change(specOf(before)));
      }),
    setStopped: (id, isStopped) =>
      inTurn(async () => {
        const before = find(world, id);
        if (before.isStopped === isStopped) return before;
        return write(world, { ...before, isStopped, updatedAt: world.clock.unixSeconds() }, before);
      }),
    remove: (id) =>
      inTurn(async () => {
        const before = find(world, id);
        await deleteDeployment(world.db, id);
        world.fleet.unwant(id);
        await world.remoteKeys.forget(id);
        return before;
      }),
  };
}

interface NewDeployment extends WithRemoteKey {
  readonly spec: DeploymentSpec;
  readonly by: UserId | undefined;
}

async function create(world: EditWorld, { spec, by, remoteKey }: NewDeployment): Promise<Deployment> {
  const { fleet, db, clock, newId, check } = world;
  check(spec);
  checkKey(spec, remoteKey);
  refuseTakenNames(spec, firm(fleet));
  const at = clock.unixSeconds();
  const deployment: Deployment = {
    ...spec,
    // The prefix is what makes it one.
    id: newId('dep') as DeploymentId,
    declaredBy: 'store',
    revision: 1,
    instanceRevision: 1,
    isStopped: false,
    createdAt: at,
    updatedAt: at,
    ...(by !== undefined && { createdBy: by }),
  };
  return withKey(world, { owner: deployment, key: remoteKey }, async () => {
    const written = await insertDeployment(db, deployment);
    if (written === 'name_taken') throw nameTaken(spec);
    makeWay(fleet, written);
    fleet.want(written);
    return written;
  });
}

async function edit(
  world: EditWorld,
  before: Deployment,
  { remoteKey, ...spec }: DeploymentSpec & WithRemoteKey,
): Promise<Deployment> {
  const { fleet, clock, check } = world;
  check(spec);
  checkKey(spec, remoteKey);
  refuseTakenNames(
    spec,
    firm(fleet).filter((other) => other.id !== before.id),
  );
  const revision = before.revision + 1;
  const isNew = remoteKey !== undefined || needsNewInstances(specOf(before), spec);
  const instanceRevision = isNew ? revision : before.instanceRevision;
  const after = { ...factsOf(before), ...spec, revision, instanceRevision, updatedAt: clock.unixSeconds() };
  await tryOut(fleet, after, before);
  return withKey(world, { owner: after, key: remoteKey }, () => write(world, after, before));
}

function checkKey({ source }: DeploymentSpec, remoteKey: string | undefined): void {
  if (remoteKey === undefined || remoteKey === '' || source.kind === 'remote') return;
  const message = 'Only a model on a remote server has a key; this one runs here.';
  throw new RequestError('invalid_value', message, { param: 'remoteKey' });
}

/** The key first: the instances that the work makes wanted begin at once. */
async function withKey<T>(
  { remoteKeys }: EditWorld,
  { owner, key }: { readonly owner: KeyOwner; readonly key: string | undefined },
  work: () => Promise<T>,
): Promise<T> {
  if (key === undefined) return work();
  const before = await remoteKeys.read(owner);
  await remoteKeys.keep(owner, key);
  try {
    return await work();
  } catch (thrown) {
    await remoteKeys.keep(owner, before);
    throw thrown;
  }
}

async function write({ db, fleet }: EditWorld, after: Deployment, before: Deployment): Promise<Deployment> {
  const written = await updateDeployment(db, after, before.revision);
  if (written === 'changed') throw changedMeanwhile(before);
  if (written === 'name_taken') throw nameTaken(after);
  makeWay(fleet, written);
  fleet.want(written);
  return written;
}

/** Those whose names are theirs. */
function firm(fleet: Fleet): readonly Deployment[] {
  return fleet.deployments.filter(({ id }) => !fleet.givesWay(id));
}

/** Ends what gives way to these names. */
function makeWay(fleet: Fleet, deployment: Deployment): void {
  const names = servedNames(deployment);
  for (const other of fleet.deployments)
    if (fleet.givesWay(other.id) && servedNames(other).some((name) => names.includes(name))) fleet.unwant(other.id);
}

/** These reach running instances as soon as they are written: they must not break what serves. */
async function tryOut(fleet: Fleet, after: Deployment, before: Deployment): Promise<void> {
  if (after.chatTemplate === before.chatTemplate && after.toolFormat === before.toolFormat) return;
  try {
    await fleet.tryOut(after);
  } catch (thrown) {
    const cause = toAppError(thrown);
    if (cause.kind !== 'config') throw cause;
    const param = cause.code === 'invalid_config' ? 'toolFormat' : 'chatTemplate';
    throw new RequestError('invalid_value', cause.message, { param, cause });
  }
}

function find({ fleet }: EditWorld, id: DeploymentId): Deployment {
  const found = fleet.deployment(id);
  if (found === undefined) throw new RequestError('not_found', `There is no deployment '${id}'.`);
  if (found.declaredBy === 'command-line') throw readOnly(found);
  return found;
}

/** What a person wrote of a deployment. */
export function specOf(deployment: Deployment): DeploymentSpec {
  const { id, declaredBy, revision, instanceRevision, isStopped, createdAt, updatedAt, createdBy, ...spec } =
    deployment;
  return spec;
}

/** What the server added to it. */
function factsOf(deployment: Deployment): Omit<Deployment, keyof DeploymentSpec> {
  const { id, declaredBy, revision, instanceRevision, isStopped, createdAt, updatedAt, createdBy } = deployment;
  const facts = { id, declaredBy, revision, instanceRevision, isStopped, createdAt, updatedAt };
  return createdBy === undefined ? facts : { ...facts, createdBy };
}

function refuseTakenNames(spec: DeploymentSpec, others: readonly Deployment[]): void {
  // An id answers too: nobody shall take another's place by it.
  const taken = new Set(others.flatMap((other) => [other.id, ...servedNames(other)]));
  const name = servedNames(spec).find((each) => taken.has(each));
  if (name === undefined) return;
  const param = name === spec.name ? 'name' : `aliases[${spec.aliases.indexOf(name)}]`;
  throw new RequestError('name_taken', `Another deployment answers to '${name}' already.`, { param });
}

function nameTaken(spec: DeploymentSpec): RequestError {
  const names = servedNames(spec).map((name) => `'${name}'`);
  return new RequestError('name_taken', `A deployment or a route answers to ${names.join(' or ')} already.`, {
    param: 'name',
  });
}

function changedMeanwhile({ name, revision }: Deployment): RequestError {
  return new RequestError('changed_meanwhile', `'${name}' has changed meanwhile and is now at revision ${revision}.`);
}

function readOnly({ name }: Deployment): RequestError {
  const message = `'${name}' was declared on the command line: it cannot be changed here and is gone with this process.`;
  return new RequestError('conflict', message);
}
