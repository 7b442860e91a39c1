/**
 * The tables of what was used, for people to read: by hour for 90 days, by day for two years. What keys may still use is
 * counted in `key-usage.ts`; both are told the same numbers, and only that one is ever asked whether somebody may go on.
 */

import { Type } from 'typebox';
import {
  daySeconds,
  hourSeconds,
  type UsageAddition,
  type UsageCounter,
  type UsageMeasure,
  usageCounters,
  usageMeasures,
} from '../fleet/usage.ts';
import { readSetting, writeSetting } from './settings.ts';
import type { Db } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** Additions that are written together. */
export interface UsageBatch {
  /** Of this batch alone: one that was written already is not written again. */
  readonly id: string;
  /** One for each owner and hour. */
  readonly additions: readonly UsageAddition[];
}

const lastBatch = 'usage-last-batch';
/** Rows in one statement: it has room for 32,766 values. */
const rowsAtOnce = 500;

/** Where a row lies. */
export const usagePlace = ['startAt', 'spanSeconds', 'keyId', 'userId', 'model'] as const;
const timePlace = [...usagePlace, 'measure', 'bucket'] as const;

/** Adds a batch, all or nothing; again = nothing, where it is not known whether the first time succeeded. */
export function addUsage(db: Db, { id, additions }: UsageBatch): Promise<void> {
  return inTransaction(db, async (inside) => {
    if ((await readSetting(inside, lastBatch, Type.String())) === id) return;
    const rows = additions.map(({ times: _times, counts, ...place }) => ({ ...placed(place), ...counts }));
    for (const part of parts(rows)) await addCounts(inside, part);
    for (const part of parts(additions.flatMap(timeRows))) await addTimes(inside, part);
    await writeSetting(inside, lastBatch, id);
  });
}

type Place = Pick<UsageAddition, 'startAt' | 'keyId' | 'userId' | 'model'>;

function placed({ startAt, keyId, userId, model }: Place) {
  return { startAt, spanSeconds: hourSeconds, keyId, userId, model };
}

interface TimeRow extends ReturnType<typeof placed> {
  readonly measure: UsageMeasure;
  readonly bucket: number;
  readonly count: number;
}

function timeRows(addition: UsageAddition): readonly TimeRow[] {
  const place = placed(addition);
  return usageMeasures.flatMap((measure) =>
    [...addition.times[measure]].map(([bucket, count]) => ({ ...place, measure, bucket, count })),
  );
}

function* parts<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < rows.length; start += rowsAtOnce) yield rows.slice(start, start + rowsAtOnce);
}

type CountRow = ReturnType<typeof placed> & Record<UsageCounter, number>;

async function addCounts(db: Db, rows: readonly CountRow[]): Promise<void> {
  await db
    .insertInto('usage')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(usagePlace).doUpdateSet((row) => {
        const sums = usageCounters.map((name) => [name, row(`usage.${name}`, '+', row.ref(`excluded.${name}`))]);
        return Object.fromEntries(sums);
      }),
    )
    .execute();
}

async function addTimes(db: Db, rows: readonly TimeRow[]): Promise<void> {
  await db
    .insertInto('usageTimes')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(timePlace)
        .doUpdateSet((row) => ({ count: row('usageTimes.count', '+', row.ref('excluded.count')) })),
    )
    .execute();
}

const hourDays = 90;
const dayDays = 2 * 365;

/** Gathers old hours into days, and forgets old days; `now` in Unix seconds. A day at a time: others wait meanwhile. */
export async function compactUsage(db: Db, now: number): Promise<void> {
  const today = now - (now % daySeconds);
  for (;;) {
    const { oldest } = await db
      .selectFrom('usage')
      .select((each) => each.fn.min<number | null>('startAt').as('oldest'))
      .where('spanSeconds', '=', hourSeconds)
      .executeTakeFirstOrThrow();
    if (oldest === null || oldest >= today - hourDays * daySeconds) break;
    await gatherDay(db, oldest - (oldest % daySeconds));
  }
  const forgotten = today - dayDays * daySeconds;
  await inTransaction(db, async (inside) => {
    for (const table of ['usage', 'usageTimes'] as const)
      await inside.deleteFrom(table).where('startAt', '<', forgotten).execute();
  });
}

/** The hours of one day become the day. */
function gatherDay(db: Db, startAt: number): Promise<void> {
  const endAt = startAt + daySeconds;
  return inTransaction(db, async (inside) => {
    const counts = await inside
      .selectFrom('usage')
      .select(['keyId', 'userId', 'model'])
      .select((each) => usageCounters.map((name) => each.fn.sum<number>(name).as(name)))
      .where('startAt', '>=', startAt)
      .where('startAt', '<', endAt)
      .groupBy(['keyId', 'userId', 'model'])
      .execute();
    const times = await inside
      .selectFrom('usageTimes')
      .select(['keyId', 'userId', 'model', 'measure', 'bucket'])
      .select((each) => each.fn.sum<number>('count').as('count'))
      .where('startAt', '>=', startAt)
      .where('startAt', '<', endAt)
      .groupBy(['keyId', 'userId', 'model', 'measure', 'bucket'])
      .execute();
    for (const table of ['usage', 'usageTimes'] as const)
      await inside.deleteFrom(table).where('startAt', '>=', startAt).where('startAt', '<', endAt).execute();
    const day = { startAt, spanSeconds: daySeconds };
    for (const part of parts(counts.map((row) => ({ ...day, ...row })))) await addCounts(inside, part);
    for (const part of parts(times.map((row) => ({ ...day, ...row })))) await addTimes(inside, part);
  });
}
