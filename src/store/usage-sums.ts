/** Sums of what was used: by hour, day or altogether, and by key, user and model as somebody asks. */

import { type RawBuilder, sql } from 'kysely';
import {
  daySeconds,
  hourSeconds,
  type TimeCounts,
  type UsageCounts,
  type UsageMeasure,
  type UsageOwner,
  usageCounters,
} from '../fleet/usage.ts';
import type { UserId } from '../fleet/user.ts';
import type { Page, Paged } from './page.ts';
import type { Db } from './tables.ts';
import { hoursKeptFrom } from './usage.ts';

/** The column of each thing that sums may be told apart by. */
const groupColumns = { key: 'keyId', user: 'userId', model: 'model' } as const satisfies Record<
  string,
  keyof UsageOwner
>;

/** What sums may be told apart by. */
export type UsageGroup = keyof typeof groupColumns;

/** How long a stretch of time is summed up. */
export type UsageInterval = 'hour' | 'day' | 'total';

/** What is asked. */
export interface UsageQuery {
  /** Unix seconds; of a sum of all the time the hour in which it lies is the first, else the interval in which it lies. */
  readonly from: number;
  /** Unix seconds; what began before it. */
  readonly to: number;
  /** Unix seconds: before a certain time there are days only, and whole days are told. */
  readonly now: number;
  readonly interval: UsageInterval;
  readonly groups: readonly UsageGroup[];
  /** Absent = everybody's. */
  readonly userId?: UserId;
}

/** One sum. */
export interface UsageSum extends UsageOwner {
  /** Unix seconds at which the interval began; 0 = the sum of all the time. What is told by the day, old hours too, begins with it. */
  readonly startAt: number;
  readonly counts: UsageCounts;
  readonly times: Readonly<Record<UsageMeasure, TimeCounts>>;
}

/** The sums in pages, in the order of time; of an owner, what was not asked to be told apart is ''. */
export async function sumUsage(
  db: Db,
  query: UsageQuery,
  { page, perPage }: Pick<Page, 'page' | 'perPage'>,
): Promise<Paged<UsageSum>> {
  const { place, where } = partsOf(query);
  const sums = sql.join(usageCounters.map((name) => sql`sum(${sql.ref(name)}) as ${sql.id(name)}`));
  const { rows } = await sql<SumRow>`
    select ${place}, ${sums} from ${sql.table('usage')} where ${where}
    group by 1, 2, 3, 4 order by 1, 2, 3, 4 limit ${perPage} offset ${(page - 1) * perPage}`.execute(db);
  const counted = await sql<{ total: number }>`
    select count(*) as total
    from (select ${place} from ${sql.table('usage')} where ${where} group by 1, 2, 3, 4) as sums`.execute(db);
  const times = await timesOf(db, query, rows);
  const items = rows.map(({ startAt, keyId, userId, model, ...counts }) => {
    const owner = { startAt, keyId, userId, model };
    return { ...owner, counts, times: times.get(nameOf(owner)) ?? noTimes() };
  });
  return { items, total: Number(counted.rows[0]?.total ?? 0) };
}

interface Place extends UsageOwner {
  readonly startAt: number;
}

type SumRow = Place & UsageCounts;

interface TimeRow extends Place {
  readonly measure: UsageMeasure;
  readonly bucket: number;
  readonly total: number;
}

type Times = Record<UsageMeasure, Map<number, number>>;

/** The times of a page's sums. */
async function timesOf(db: Db, query: UsageQuery, page: readonly Place[]): Promise<ReadonlyMap<string, Times>> {
  const times = new Map(page.map((row) => [nameOf(row), noTimes()]));
  const [first, last] = [page[0], page.at(-1)];
  if (first === undefined || last === undefined) return times;
  const { place, where } = partsOf(query.interval === 'total' ? query : { ...query, ...spanOf(query, first, last) });
  const { rows } = await sql<TimeRow>`
    select ${place}, measure, bucket, sum(${sql.ref('count')}) as total from ${sql.table('usageTimes')} where ${where}
    group by 1, 2, 3, 4, 5, 6`.execute(db);
  for (const row of rows) times.get(nameOf(row))?.[row.measure].set(row.bucket, Number(row.total));
  return times;
}

function spanOf({ interval, to }: UsageQuery, first: Place, last: Place): Pick<UsageQuery, 'from' | 'to'> {
  return { from: first.startAt, to: Math.min(to, last.startAt + intervalSeconds[interval]) };
}

const intervalSeconds: Readonly<Record<UsageInterval, number>> = {
  hour: hourSeconds,
  day: daySeconds,
  total: hourSeconds,
};

/** What is selected first, and of which rows. */
function partsOf(query: UsageQuery) {
  const { interval, groups, userId } = query;
  const columns = Object.entries(groupColumns).map(([group, column]) => {
    const isAsked = groups.some((one) => one === group);
    return sql`${isAsked ? sql.ref(column) : sql.lit('')} as ${sql.id(column)}`;
  });
  const own = userId === undefined ? sql`` : sql` and ${sql.ref('userId')} = ${userId}`;
  const stretches = stretchesOf(query).map(
    ({ span, begin, end }) =>
      sql`(${sql.ref('spanSeconds')} = ${span} and ${sql.ref('startAt')} >= ${begin} and ${sql.ref('startAt')} < ${end})`,
  );
  return {
    place: sql.join([sql`${startOf(interval)} as ${sql.id('startAt')}`, ...columns]),
    where: sql`(${sql.join(stretches, sql` or `)})${own}`,
  };
}

/** Rows of one span that begin in a stretch of time. */
interface Stretch {
  readonly span: number;
  readonly begin: number;
  readonly end: number;
}

/** Whole days by their days, the rest by their hours; never both. */
function stretchesOf({ from, to, interval, now }: UsageQuery): readonly Stretch[] {
  const kept = hoursKeptFrom(now);
  const toDay = (at: number) => at - (at % daySeconds);
  const upToDay = (at: number) => toDay(at + daySeconds - 1);
  const hours = (begin: number, end: number) => ({ span: hourSeconds, begin, end });
  const days = (begin: number, end: number) => ({ span: daySeconds, begin, end });
  const hour = from - (from % hourSeconds);
  if (interval === 'hour') return [days(toDay(from), Math.min(kept, upToDay(to))), hours(Math.max(hour, kept), to)];
  const begin = interval === 'day' || from < kept ? toDay(from) : hour;
  const first = upToDay(begin);
  const last = to < kept ? upToDay(to) : toDay(to);
  if (first > last) return [hours(begin, to)];
  return [hours(begin, first), days(first, last), hours(last, to)];
}

function startOf(interval: UsageInterval): RawBuilder<unknown> {
  const startAt = sql.ref('startAt');
  if (interval === 'hour') return startAt;
  return interval === 'day' ? sql`${startAt} - ${startAt} % ${sql.lit(daySeconds)}` : sql.lit(0);
}

function nameOf({ startAt, keyId, userId, model }: Place): string {
  return [startAt, keyId, userId, model].join('\n');
}

function noTimes(): Times {
  return { queue: new Map(), firstToken: new Map(), total: new Map() };
}
