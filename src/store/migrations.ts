/** How the tables came to be: forward only, one after another; what has been released is never edited. */

import type { Kysely } from 'kysely';
import { firstTables } from './migration-1.ts';
import { usageTables } from './migration-2.ts';
import { routeTables } from './migration-3.ts';
import type { Tables } from './tables.ts';

/** One step; runs in a transaction. */
export interface Migration {
  /** 1, 2, 3 … */
  readonly version: number;
  readonly name: string;
  readonly up: (db: Kysely<Tables>) => Promise<void>;
}

/** All steps. */
export const migrations: readonly Migration[] = [
  { version: 1, name: 'the first tables', up: firstTables },
  { version: 2, name: 'usage, captures and clients', up: usageTables },
  { version: 3, name: 'routes', up: routeTables },
];

/** What this program makes of a database. */
export const newestVersion = newestOf(migrations);

/** The version after all steps. */
export function newestOf(steps: readonly Migration[]): number {
  return steps.at(-1)?.version ?? 0;
}

/** The version a database has; 0 = it is empty. */
export async function versionOf(db: Kysely<Tables>): Promise<number> {
  const tables = await db.introspection.getTables();
  if (!tables.some(({ name }) => name === 'migrations')) return 0;
  const { version } = await db
    .selectFrom('migrations')
    .select((each) => each.fn.max<number | null>('version').as('version'))
    .executeTakeFirstOrThrow();
  return version ?? 0;
}

/** Runs the steps that a database has not seen; `now` in Unix seconds. */
export async function migrate(db: Kysely<Tables>, steps: readonly Migration[], now: number): Promise<void> {
  for (const { version, name, up } of steps) {
    await db.transaction().execute(async (inside) => {
      // Asked inside: another process may just have done it.
      if ((await versionOf(inside)) >= version) return;
      await up(inside);
      await inside.insertInto('migrations').values({ version, name, appliedAt: now }).execute();
    });
  }
}
