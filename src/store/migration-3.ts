/** Migration 3: names that stand for several deployments. */

import type { Kysely } from 'kysely';
import { type Columns, tableMaker } from './migration-1.ts';

/** Makes the table. */
export async function routeTables<Tables>(db: Kysely<Tables>): Promise<void> {
  const table = tableMaker(db);
  const columns: Columns = {
    ...{ id: 'text', name: 'text', spec: 'text', revision: 'number', createdAt: 'number', updatedAt: 'number' },
  };
  await table('modelRoutes', columns, ['id']).addUniqueConstraint('modelRoutesByName', ['name']).execute();
}
