/** The names of those whose use is told, as far as they are still there. */

import { sql } from 'kysely';
import type { UsageOwner } from '../fleet/usage.ts';
import type { Db } from './tables.ts';

/** Names by id. */
export interface OwnerNames {
  readonly keys: ReadonlyMap<string, string>;
  readonly users: ReadonlyMap<string, string>;
}

/** Ids in one statement. */
const idsAtOnce = 1_000;

/** Looks them up. */
export async function ownerNames(db: Db, owners: readonly UsageOwner[]): Promise<OwnerNames> {
  return {
    keys: await namesIn(db, 'apiKeys', new Set(owners.map(({ keyId }) => keyId))),
    users: await namesIn(db, 'users', new Set(owners.map(({ userId }) => userId))),
  };
}

async function namesIn(db: Db, table: 'apiKeys' | 'users', ids: ReadonlySet<string>): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const all = [...ids];
  for (let start = 0; start < all.length; start += idsAtOnce) {
    const some = all.slice(start, start + idsAtOnce);
    const isOne = sql<boolean>`id in (${sql.join(some)})`;
    const rows = await db.selectFrom(table).select(['id', 'name']).where(isOne).execute();
    for (const { id, name } of rows) names.set(id, name);
  }
  return names;
}
