/** The table of settings that are changed while the server runs: named JSON values. */

import type { Static, TSchema } from 'typebox';
import type { Json } from '../base/json.ts';
import { readJson } from './json-column.ts';
import type { Db } from './tables.ts';

/** The value of a setting as its schema says; absent = never set. */
export async function readSetting<S extends TSchema>(db: Db, name: string, schema: S): Promise<Static<S> | undefined> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst();
  return row === undefined ? undefined : readJson(schema, row.value, `${name} of settings`);
}

/** Sets a setting. */
export async function writeSetting(db: Db, name: string, value: Json): Promise<void> {
  const row = { value: JSON.stringify(value) };
  await db
    .insertInto('settings')
    .values({ ...row, name })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute();
}

/** Makes a setting what it is by default. */
export async function deleteSetting(db: Db, name: string): Promise<void> {
  await db.deleteFrom('settings').where('name', '=', name).execute();
}
