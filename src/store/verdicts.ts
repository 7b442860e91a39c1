/** The table of verdicts on tool calling: one for each weights, format and engine. */

import type { Selectable } from 'kysely';
import { Type } from 'typebox';
import type { ToolVerdict } from '../fleet/tool-verdict.ts';
import { jsonColumn } from './json-column.ts';
import type { Db, Tables } from './tables.ts';

const readSteps = jsonColumn(
  Type.Array(
    Type.Object({
      name: Type.Enum(['call', 'no-call', 'parallel', 'round-trip', 'required']),
      isOk: Type.Boolean(),
      transcript: Type.String(),
    }),
  ),
);

/** Keeps a verdict in place of the earlier one on the same weights, format and engine. */
export async function saveVerdict(db: Db, verdict: ToolVerdict): Promise<void> {
  const row = { ...verdict, steps: JSON.stringify(verdict.steps) };
  await db
    .insertInto('verdicts')
    .values(row)
    .onConflict((conflict) => conflict.columns(['weights', 'format', 'engine']).doUpdateSet(row))
    .execute();
}

/** The last verdict on these weights with this format on this engine. */
export async function findVerdict(
  db: Db,
  { weights, format, engine }: Pick<ToolVerdict, 'weights' | 'format' | 'engine'>,
): Promise<ToolVerdict | undefined> {
  const row = await db
    .selectFrom('verdicts')
    .selectAll()
    .where('weights', '=', weights)
    .where('format', '=', format)
    .where('engine', '=', engine)
    .executeTakeFirst();
  return row && toVerdict(row);
}

/** All verdicts, or those on some weights; newest first. */
export async function listVerdicts(db: Db, weights?: string): Promise<readonly ToolVerdict[]> {
  const all = db.selectFrom('verdicts').selectAll().orderBy('at', 'desc');
  const query = weights === undefined ? all : all.where('weights', '=', weights);
  return (await query.execute()).map(toVerdict);
}

function toVerdict(row: Selectable<Tables['verdicts']>): ToolVerdict {
  return { ...row, steps: readSteps(row.steps, `${row.weights} of verdicts`) };
}
