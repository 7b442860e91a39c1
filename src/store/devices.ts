/** The table of what people say of devices: which are kept free, and how they are labelled. */

import { Type } from 'typebox';
import { jsonColumn } from './json-column.ts';
import type { Db } from './tables.ts';

/** A device nobody said anything of has no mark. */
export interface DeviceMark {
  readonly workerId: string;
  readonly deviceId: string;
  /** Nothing new is placed on it. */
  readonly isCordoned: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

const readLabels = jsonColumn(Type.Record(Type.String(), Type.String()));

/** Adds or replaces a device's mark. */
export async function saveDeviceMark(db: Db, mark: DeviceMark): Promise<void> {
  const { workerId, deviceId } = mark;
  const row = { isCordoned: mark.isCordoned ? (1 as const) : (0 as const), labels: JSON.stringify(mark.labels) };
  await db
    .insertInto('devices')
    .values({ ...row, workerId, deviceId })
    .onConflict((conflict) => conflict.columns(['workerId', 'deviceId']).doUpdateSet(row))
    .execute();
}

/** All marks. */
export async function listDeviceMarks(db: Db): Promise<readonly DeviceMark[]> {
  const rows = await db.selectFrom('devices').selectAll().orderBy('workerId').orderBy('deviceId').execute();
  return rows.map((row) => ({
    workerId: row.workerId,
    deviceId: row.deviceId,
    isCordoned: row.isCordoned === 1,
    labels: readLabels(row.labels, `${row.workerId}/${row.deviceId} of devices`),
  }));
}
