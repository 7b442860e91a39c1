/** Changes what is wanted: first in the database, so that nothing acknowledged is lost, then in the fleet. */

import type { Clock } from '../base/clock.ts';
import { RequestError } from '../base/errors.ts';
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

/** What edits are made with. */
export interface EditWorld {
  readonly fleet: Fleet;
  readonly db: Db;
  readonly clock: Clock;
  readonly newId: (prefix: 'dep' | 'ins') => string;
  /** Refuses what no engine of this version can run; throws RequestError with the field's path. */
  readonly check: (spec: DeploymentSpec) => void;
}

/** Edits of deployments; ids that do not exist are `not_found`. */
export interface DeploymentEditor {
  create(wish: DeploymentWish, by: UserId | undefined): Promise<Deployment>;
  edit(id: DeploymentId, spec: DeploymentSpec, expectedRevision?: number): Promise<Deployment>;
  setStopped(id: DeploymentId, isStopped: boolean): Promise<Deployment>;
  remove(id: DeploymentId): Promise<Deployment>;
}

/** Makes the editor; edits of one deployment come one after another. */
export function createDeploymentEditor(world: EditWorld): DeploymentEditor {
  const { fleet, db, clock, newId, check } = world;
  const find = (id: DeploymentId): Deployment => {
    const found = fleet.deployment(id);
    if (found === undefined) throw new RequestError('not_found', `There is no deployment '${id}'.`);
    if (found.declaredBy === 'command-line') throw readOnly(found);
    return found;
  };
  const write = async (after: Deployment, before: Deployment): Promise<Deployment> => {
    const written = await updateDeployment(db, after, before.revision);
    if (written === 'changed') throw changedMeanwhile(before);
    if (written === 'name_taken') throw nameTaken(after);
    fleet.want(written);
    return written;
  };
  return {
    async create(wish, by) {
      const spec = completeSpec(wish);
      check(spec);
      refuseTakenNames(spec, fleet.deployments);
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
      const written = await insertDeployment(db, deployment);
      if (written === 'name_taken') throw nameTaken(spec);
      fleet.want(written);
      return written;
    },
    async edit(id, spec, expectedRevision) {
      const before = find(id);
      if (expectedRevision !== undefined && expectedRevision !== before.revision) throw changedMeanwhile(before);
      check(spec);
      refuseTakenNames(
        spec,
        fleet.deployments.filter((other) => other.id !== id),
      );
      const revision = before.revision + 1;
      const instanceRevision = needsNewInstances(specOf(before), spec) ? revision : before.instanceRevision;
      return write({ ...factsOf(before), ...spec, revision, instanceRevision, updatedAt: clock.unixSeconds() }, before);
    },
    async setStopped(id, isStopped) {
      const before = find(id);
      if (before.isStopped === isStopped) return before;
      return write({ ...before, isStopped, updatedAt: clock.unixSeconds() }, before);
    },
    async remove(id) {
      const before = find(id);
      await deleteDeployment(db, id);
      fleet.unwant(id);
      return before;
    },
  };
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
  const taken = new Set(others.flatMap(servedNames));
  const name = servedNames(spec).find((each) => taken.has(each));
  if (name === undefined) return;
  const param = name === spec.name ? 'name' : `aliases[${spec.aliases.indexOf(name)}]`;
  throw new RequestError('name_taken', `Another deployment answers to '${name}' already.`, { param });
}

function nameTaken(spec: DeploymentSpec): RequestError {
  const names = servedNames(spec).map((name) => `'${name}'`);
  return new RequestError('name_taken', `Another deployment answers to ${names.join(' or ')} already.`, {
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
