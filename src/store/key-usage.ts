/** The table of what keys have used: requests and tokens by day, month and lifetime. */

import { sql } from 'kysely';
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
  return inTransaction(db, async (inside) => {
    const keys = new Set((await inside.selectFrom('apiKeys').select('id').execute()).map(({ id }) => id));
    for (const addition of additions) if (keys.has(addition.keyId)) await add(inside, addition);
  });
}

async function add(db: Db, { keyId, period, requests, tokens }: KeyUsage): Promise<void> {
  await db
    .insertInto('keyUsage')
    .values({ keyId, period, requests, tokens })
    .onConflict((conflict) =>
      conflict.columns(['keyId', 'period']).doUpdateSet({
        requests: sql`${sql.ref('keyUsage.requests')} + ${requests}`,
        tokens: sql`${sql.ref('keyUsage.tokens')} + ${tokens}`,
      }),
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
