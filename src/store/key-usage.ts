/** The table of what keys have used: requests and tokens by day, month and lifetime. */

import type { ApiKeyId } from '../fleet/api-key.ts';
import type { Db } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** What one key used in one period. */
export interface KeyUsage {
  readonly keyId: ApiKeyId;
  /** As `usagePeriods` spells it. */
  readonly period: string;
  readonly requests: number;
  readonly tokens: number;
}

/** The three periods a moment (Unix seconds) belongs to, by UTC: `2026-11-21`, `2026-11`, `lifetime`. */
export function usagePeriods(at: number): { readonly day: string; readonly month: string; readonly lifetime: string } {
  const day = new Date(at * 1000).toISOString().slice(0, 10);
  return { day, month: day.slice(0, 7), lifetime: 'lifetime' };
}

/** Adds to the counters, all or nothing; what belongs to keys that are gone is dropped. */
export function addKeyUsage(db: Db, additions: readonly KeyUsage[]): Promise<void> {
  const sums = sumUp(additions);
  return inTransaction(db, async (inside) => {
    for (let start = 0; start < sums.length; start += batchRows)
      await add(inside, sums.slice(start, start + batchRows));
  });
}

/** Rows in one statement. */
const batchRows = 500;

/** One statement cannot change a row twice. */
function sumUp(additions: readonly KeyUsage[]): readonly KeyUsage[] {
  const sums = new Map<string, KeyUsage>();
  for (const addition of additions) {
    const name = `${addition.keyId} ${addition.period}`;
    const { requests = 0, tokens = 0 } = sums.get(name) ?? {};
    sums.set(name, { ...addition, requests: requests + addition.requests, tokens: tokens + addition.tokens });
  }
  return [...sums.values()];
}

async function add(db: Db, rows: readonly KeyUsage[]): Promise<void> {
  const ids = [...new Set(rows.map(({ keyId }) => keyId))];
  const keys = await db.selectFrom('apiKeys').select('id').where('id', 'in', ids).execute();
  const known = new Set(keys.map(({ id }) => id));
  const kept = rows.filter(({ keyId }) => known.has(keyId));
  if (kept.length === 0) return;
  await db
    .insertInto('keyUsage')
    .values(kept)
    .onConflict((conflict) =>
      conflict.columns(['keyId', 'period']).doUpdateSet((row) => ({
        requests: row('keyUsage.requests', '+', row.ref('excluded.requests')),
        tokens: row('keyUsage.tokens', '+', row.ref('excluded.tokens')),
      })),
    )
    .execute();
}

/** All counters of one key. */
export function keyUsage(db: Db, keyId: ApiKeyId): Promise<readonly KeyUsage[]> {
  return db.selectFrom('keyUsage').selectAll().where('keyId', '=', keyId).orderBy('period').execute();
}

/** The counters of all keys in these periods, e.g. the three of today. */
export async function keyUsageIn(db: Db, periods: readonly string[]): Promise<readonly KeyUsage[]> {
  if (periods.length === 0) return [];
  return await db.selectFrom('keyUsage').selectAll().where('period', 'in', periods).execute();
}
