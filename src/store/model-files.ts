/** The table of model files: what is on which worker. */

import type { Selectable } from 'kysely';
import { Type } from 'typebox';
import type { ModelFile } from '../fleet/download.ts';
import { modelSourceSchema } from '../fleet/model-source.ts';
import { jsonColumn } from './json-column.ts';
import type { Db, Tables } from './tables.ts';

const readFiles = jsonColumn(Type.Array(Type.String()));
const readSource = jsonColumn(modelSourceSchema);

/** Adds a model's files, or replaces what is known of them. */
export async function saveModelFile(db: Db, file: ModelFile): Promise<void> {
  const { id, ...rest } = file;
  const row = {
    ...rest,
    files: JSON.stringify(file.files),
    source: file.source === undefined ? null : JSON.stringify(file.source),
    quantisation: file.quantisation ?? null,
  };
  await db
    .insertInto('modelFiles')
    .values({ ...row, id })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}

/** The files of this id. */
export async function findModelFile(db: Db, id: string): Promise<ModelFile | undefined> {
  const row = await db.selectFrom('modelFiles').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toModelFile(row);
}

/** What is on one worker, or on all. */
export async function listModelFiles(db: Db, workerId?: string): Promise<readonly ModelFile[]> {
  const all = db.selectFrom('modelFiles').selectAll().orderBy('createdAt').orderBy('id');
  const query = workerId === undefined ? all : all.where('workerId', '=', workerId);
  return (await query.execute()).map(toModelFile);
}

/** Forgets a model's files (and deletes none). */
export async function deleteModelFile(db: Db, id: string): Promise<void> {
  await db.deleteFrom('modelFiles').where('id', '=', id).execute();
}

function toModelFile(row: Selectable<Tables['modelFiles']>): ModelFile {
  const { source, quantisation, ...rest } = row;
  const place = `${row.id} of modelFiles`;
  return {
    ...rest,
    files: readFiles(row.files, place),
    ...(source !== null && { source: readSource(source, place) }),
    ...(quantisation !== null && { quantisation }),
  };
}
