/** The table of deployments, and of all names they answer to. */

import type { Selectable } from 'kysely';
import { Bug } from '../base/errors.ts';
import {
  completeSpec,
  type Deployment,
  type DeploymentId,
  type DeploymentSpec,
  deploymentWishSchema,
  servedNames,
} from '../fleet/deployment.ts';
import { jsonColumn } from './json-column.ts';
import { refuseRouteNames } from './model-routes.ts';
import type { Db, Tables } from './tables.ts';
import { inTransaction, orTaken } from './transaction.ts';

const readWish = jsonColumn(deploymentWishSchema);

/** Adds a deployment; `name_taken` if another one answers to one of its names. */
export function insertDeployment(db: Db, deployment: Deployment): Promise<Deployment | 'name_taken'> {
  const work = inTransaction(db, async (inside) => {
    if (deployment.declaredBy !== 'store') throw new Bug('A deployment of the command line is never stored.');
    const { id, createdAt, createdBy } = deployment;
    const row = {
      ...columnsOf(deployment),
      id,
      createdAt,
      createdBy: createdBy ?? null,
      revision: deployment.revision,
    };
    const inserted = await inside.insertInto('deployments').values(row).returningAll().executeTakeFirstOrThrow();
    await insertNames(inside, deployment);
    return toDeployment(inserted);
  });
  return orTaken(work);
}

/** The deployment of this id. */
export async function findDeployment(db: Db, id: DeploymentId): Promise<Deployment | undefined> {
  const row = await db.selectFrom('deployments').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toDeployment(row);
}

/** The deployment that answers to this name or alias. */
export async function findDeploymentByName(db: Db, name: string): Promise<Deployment | undefined> {
  const row = await db
    .selectFrom('deploymentNames')
    .innerJoin('deployments', 'deployments.id', 'deploymentNames.deploymentId')
    .selectAll('deployments')
    .where('deploymentNames.name', '=', name)
    .executeTakeFirst();
  return row && toDeployment(row);
}

/** All deployments, oldest first. */
export async function listDeployments(db: Db): Promise<readonly Deployment[]> {
  const rows = await db.selectFrom('deployments').selectAll().orderBy('createdAt').orderBy('id').execute();
  return rows.map(toDeployment);
}

/** Writes `after` over a deployment that is still at `expectedRevision`; `changed` = is not, or is gone. */
export function updateDeployment(
  db: Db,
  after: Deployment,
  expectedRevision: number,
): Promise<Deployment | 'changed' | 'name_taken'> {
  const work = inTransaction(db, async (inside) => {
    const row = await inside
      .updateTable('deployments')
      .set({ ...columnsOf(after), revision: expectedRevision + 1 })
      .where('id', '=', after.id)
      .where('revision', '=', expectedRevision)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return 'changed' as const;
    await inside.deleteFrom('deploymentNames').where('deploymentId', '=', after.id).execute();
    await insertNames(inside, after);
    return toDeployment(row);
  });
  return orTaken(work);
}

/** Removes a deployment (its instances end by themselves); false = there was none. */
export async function deleteDeployment(db: Db, id: DeploymentId): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('deployments').where('id', '=', id).executeTakeFirst();
  return numDeletedRows > 0n;
}

async function insertNames(db: Db, deployment: Deployment): Promise<void> {
  const names = servedNames(deployment);
  await refuseRouteNames(db, names);
  const rows = names.map((name) => ({ name, deploymentId: deployment.id }));
  await db.insertInto('deploymentNames').values(rows).execute();
}

function columnsOf(deployment: Deployment) {
  const { isStopped, instanceRevision, updatedAt } = deployment;
  return {
    spec: JSON.stringify(specOf(deployment)),
    instanceRevision,
    isStopped: isStopped ? (1 as const) : (0 as const),
    updatedAt,
  };
}

function specOf(deployment: Deployment): DeploymentSpec {
  const { id, declaredBy, revision, instanceRevision, isStopped, createdAt, updatedAt, createdBy, ...spec } =
    deployment;
  return spec;
}

function toDeployment(row: Selectable<Tables['deployments']>): Deployment {
  return {
    ...completeSpec(readWish(row.spec, `${row.id} of deployments`)),
    id: row.id,
    declaredBy: 'store',
    revision: row.revision,
    instanceRevision: row.instanceRevision,
    isStopped: row.isStopped === 1,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    ...(row.createdBy !== null && { createdBy: row.createdBy }),
  };
}
