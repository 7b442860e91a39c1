/** The table of clients: the programs that ask, and where they deviate from the protocol. */

import { Type } from 'typebox';
import type { ClientRecord } from '../fleet/client.ts';
import { jsonColumn } from './json-column.ts';
import type { Db } from './tables.ts';
import { inTransaction } from './transaction.ts';

const readDeviations = jsonColumn(Type.Record(Type.String(), Type.Integer()));

/** All of them. */
export async function allClients(db: Db): Promise<readonly ClientRecord[]> {
  const rows = await db.selectFrom('clients').selectAll().orderBy('lastSeenAt', 'desc').execute();
  return rows.map(({ deviations, ...row }) => {
    const counts = readDeviations(deviations, `${row.name} of clients`);
    return { ...row, deviations: new Map(Object.entries(counts)) };
  });
}

/** Writes what is known of some clients in place of what was, and forgets others. */
export function saveClients(db: Db, known: readonly ClientRecord[], forgotten: readonly string[]): Promise<void> {
  return inTransaction(db, async (inside) => {
    for (const name of forgotten) await inside.deleteFrom('clients').where('name', '=', name).execute();
    for (const { deviations, ...facts } of known) {
      const row = { ...facts, deviations: JSON.stringify(Object.fromEntries(deviations)) };
      await inside
        .insertInto('clients')
        .values(row)
        .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
        .execute();
    }
  });
}
