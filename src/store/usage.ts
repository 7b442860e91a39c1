/**
 * The tables of what was used, for people to read: by the hour for 90 days, by the day for two years; both are written at
 * once, so that a long time is summed up quickly. What keys may still use is counted in `key-usage.ts`: both are told the
 * same numbers, and only that one is ever asked whether somebody may go on.
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
  readonly additions: readonly UsageAddition[];
}

const lastBatch = 'usage-last-batch';
/** Rows in one statement: it has room for 32,766 values. */
const rowsAtOnce = 500;
const spans = [hourSeconds, daySeconds] as const;
const usagePlace = ['startAt', 'spanSeconds', 'keyId', 'userId', 'model'] as const;
const timePlace = [...usagePlace, 'measure', 'bucket'] as const;

/** Adds a batch, all or nothing; again = nothing, where it is not known whether the first time succeeded. */
export function addUsage(db: Db, { id, additions }: UsageBatch): Promise<void> {
  return inTransaction(db, async (inside) => {
    if ((await readSetting(inside, lastBatch, Type.String())) === id) return;
    for (const span of spans) {
      const sums = sumUp(additions, span);
      for (const part of parts(sums.map(({ place, counts }) => ({ ...place, ...counts }))))
        await addCounts(inside, part);
      for (const part of parts(sums.flatMap(timeRows))) await addTimes(inside, part);
    }
    await writeSetting(inside, lastBatch, id);
  });
}

interface Place {
  readonly startAt: number;
  readonly spanSeconds: number;
  readonly keyId: string;
  readonly userId: string;
  readonly model: string;
}

interface Sum {
  readonly place: Place;
  readonly counts: Record<UsageCounter, number>;
  readonly times: Readonly<Record<UsageMeasure, Map<number, number>>>;
}

/** One statement cannot change a row twice. */
function sumUp(additions: readonly UsageAddition[], spanSeconds: number): readonly Sum[] {
  const sums = new Map<string, Sum>();
  for (const { startAt, keyId, userId, model, counts, times } of additions) {
    const place = { startAt: startAt - (startAt % spanSeconds), spanSeconds, keyId, userId, model };
    const name = Object.values(place).join('\n');
    const sum = sums.get(name);
    if (sum === undefined) {
      const { queue, firstToken, total } = times;
      const own = { queue: new Map(queue), firstToken: new Map(firstToken), total: new Map(total) };
      sums.set(name, { place, counts: { ...counts }, times: own });
      continue;
    }
    for (const counter of usageCounters) sum.counts[counter] += counts[counter];
    for (const measure of usageMeasures)
      for (const [bucket, count] of times[measure])
        sum.times[measure].set(bucket, (sum.times[measure].get(bucket) ?? 0) + count);
  }
  return [...sums.values()];
}

interface TimeRow extends Place {
  readonly measure: UsageMeasure;
  readonly bucket: number;
  readonly count: number;
}

function timeRows({ place, times }: Sum): readonly TimeRow[] {
  return usageMeasures.flatMap((measure) =>
    [...times[measure]].map(([bucket, count]) => ({ ...place, measure, bucket, count })),
  );
}

function* parts<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < rows.length; start += rowsAtOnce) yield rows.slice(start, start + rowsAtOnce);
}

async function addCounts(db: Db, rows: ReadonlyArray<Place & Record<UsageCounter, number>>): Promise<void> {
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

const keptHourDays = 90;
const keptDays = 2 * 365;

/** From when on there are hours; before it there are days only. Both in Unix seconds. */
export function hoursKeptFrom(now: number): number {
  return now - (now % daySeconds) - keptHourDays * daySeconds;
}

/** Forgets old hours, and very old days; `now` in Unix seconds. */
export async function trimUsage(db: Db, now: number): Promise<void> {
  await forget(db, hourSeconds, hoursKeptFrom(now));
  await forget(db, daySeconds, now - (now % daySeconds) - keptDays * daySeconds);
}

/** The hours of a day, or a day, at a time: others wait meanwhile. */
async function forget(db: Db, spanSeconds: number, before: number): Promise<void> {
  for (;;) {
    const { oldest } = await db
      .selectFrom('usage')
      .select((each) => each.fn.min<number | null>('startAt').as('oldest'))
      .where('spanSeconds', '=', spanSeconds)
      .where('startAt', '<', before)
      .executeTakeFirstOrThrow();
    if (oldest === null) return;
    const end = Math.min(before, oldest + daySeconds);
    await inTransaction(db, async (inside) => {
      for (const table of ['usage', 'usageTimes'] as const)
        await inside.deleteFrom(table).where('spanSeconds', '=', spanSeconds).where('startAt', '<', end).execute();
    });
  }
}
