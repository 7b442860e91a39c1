/** The table of routes. */

import type { Selectable } from 'kysely';
import { RequestError } from '../base/errors.ts';
import { type ModelRoute, type ModelRouteId, modelRouteSpecSchema, routeSpecOf } from '../fleet/model-route.ts';
import { jsonColumn } from './json-column.ts';
import type { Db, Tables } from './tables.ts';
import { inTransaction, orTaken } from './transaction.ts';

const readSpec = jsonColumn(modelRouteSpecSchema);

/** Adds a route; `name_taken` if another one or a deployment answers to its name. */
export function insertModelRoute(db: Db, route: ModelRoute): Promise<ModelRoute | 'name_taken'> {
  const work = inTransaction(db, async (inside) => {
    await refuseDeploymentName(inside, route.name);
    const { id, createdAt, revision } = route;
    const row = { ...columnsOf(route), id, createdAt, revision };
    return toRoute(await inside.insertInto('modelRoutes').values(row).returningAll().executeTakeFirstOrThrow());
  });
  return orTaken(work);
}

/** Writes `after` over a route that is still at `expectedRevision`; `changed` = is not, or is gone. */
export function updateModelRoute(
  db: Db,
  after: ModelRoute,
  expectedRevision: number,
): Promise<ModelRoute | 'changed' | 'name_taken'> {
  const work = inTransaction(db, async (inside) => {
    await refuseDeploymentName(inside, after.name);
    const row = await inside
      .updateTable('modelRoutes')
      .set({ ...columnsOf(after), revision: expectedRevision + 1 })
      .where('id', '=', after.id)
      .where('revision', '=', expectedRevision)
      .returningAll()
      .executeTakeFirst();
    return row === undefined ? 'changed' : toRoute(row);
  });
  return orTaken(work);
}

/** Removes a route; false = there was none. */
export async function deleteModelRoute(db: Db, id: ModelRouteId): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('modelRoutes').where('id', '=', id).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** All routes, oldest first. */
export async function listModelRoutes(db: Db): Promise<readonly ModelRoute[]> {
  const rows = await db.selectFrom('modelRoutes').selectAll().orderBy('createdAt').orderBy('id').execute();
  return rows.map(toRoute);
}

/** Throws `name_taken` where a route has one of these names: deployments and routes answer side by side. */
export async function refuseRouteNames(db: Db, names: readonly string[]): Promise<void> {
  const taken = await db.selectFrom('modelRoutes').select('name').where('name', 'in', names).executeTakeFirst();
  if (taken !== undefined) throw nameTaken(taken.name);
}

async function refuseDeploymentName(db: Db, name: string): Promise<void> {
  const taken = await db.selectFrom('deploymentNames').select('name').where('name', '=', name).executeTakeFirst();
  if (taken !== undefined) throw nameTaken(name);
}

function nameTaken(name: string): RequestError {
  return new RequestError('name_taken', `Something answers to '${name}' already.`);
}

function columnsOf(route: ModelRoute) {
  return { name: route.name, spec: JSON.stringify(routeSpecOf(route)), updatedAt: route.updatedAt };
}

function toRoute(row: Selectable<Tables['modelRoutes']>): ModelRoute {
  const { id, revision, createdAt, updatedAt } = row;
  return { ...readSpec(row.spec, `${id} of modelRoutes`), id, revision, createdAt, updatedAt };
}
