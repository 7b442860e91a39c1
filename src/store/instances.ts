/** The table of instances, with what is needed to adopt their processes. */

import type { Selectable } from 'kysely';
import { Type } from 'typebox';
import type { Json } from '../base/json.ts';
import type { DeploymentId } from '../fleet/deployment.ts';
import { type Instance, type InstanceId, instanceStates } from '../fleet/instance.ts';
import { type JsonColumn, jsonColumn } from './json-column.ts';
import type { Db, Tables } from './tables.ts';

/** An instance and the note of its running process, which only the runtime understands. */
export interface StoredInstance {
  readonly instance: Instance;
  readonly runRecord?: Json;
}

const readDevices = jsonColumn(Type.Array(Type.String()));
const readRecord: JsonColumn<Json> = jsonColumn(Type.Any());
const readHistory = jsonColumn(
  Type.Array(
    Type.Object({
      state: Type.Enum([...instanceStates]),
      reason: Type.String(),
      atMs: Type.Number(),
    }),
  ),
);

/** Adds or replaces an instance; without `runRecord` it keeps the one it has, null takes it away. */
export async function saveInstance(db: Db, instance: Instance, runRecord?: Json): Promise<void> {
  const { id, devices, history, ...plain } = instance;
  const row = {
    ...plain,
    devices: JSON.stringify(devices),
    history: JSON.stringify(history),
    ...(runRecord !== undefined && { runRecord: runRecord === null ? null : JSON.stringify(runRecord) }),
  };
  await db
    .insertInto('instances')
    .values({ runRecord: null, ...row, id })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}

/** All instances, or those of one deployment. */
export async function listInstances(db: Db, deploymentId?: DeploymentId): Promise<readonly StoredInstance[]> {
  const all = db.selectFrom('instances').selectAll().orderBy('id');
  const query = deploymentId === undefined ? all : all.where('deploymentId', '=', deploymentId);
  return (await query.execute()).map(toStored);
}

/** Forgets an instance. */
export async function deleteInstance(db: Db, id: InstanceId): Promise<void> {
  await db.deleteFrom('instances').where('id', '=', id).execute();
}

function toStored({ runRecord, ...row }: Selectable<Tables['instances']>): StoredInstance {
  const place = `${row.id} of instances`;
  const instance: Instance = {
    ...row,
    devices: readDevices(row.devices, place),
    history: readHistory(row.history, place),
  };
  return runRecord === null ? { instance } : { instance, runRecord: readRecord(runRecord, place) };
}
