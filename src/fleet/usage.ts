/** What was used: requests, tokens, calls and times, counted by hour, key, user and model. */

import type { ErrorKind } from '../base/errors.ts';

/** Everything that is counted; each is a column. Calls are counted by what became of them, as the model wrote them. */
export const noUsageCounts = {
  requests: 0,
  failedByRequest: 0,
  failedByAuth: 0,
  failedByLimit: 0,
  failedByUnavailable: 0,
  failedByEngine: 0,
  failedByOutput: 0,
  failedByBug: 0,
  /** The client left before the answer was out. */
  abandoned: 0,
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: 0,
  callsValid: 0,
  callsMended: 0,
  callsCut: 0,
  callsFailed: 0,
};

/** The counts of one stretch of time. */
export type UsageCounts = Readonly<typeof noUsageCounts>;

/** One of them. */
export type UsageCounter = keyof UsageCounts;

/** Their names, in the order of tables. */
export const usageCounters = Object.keys(noUsageCounts).filter(isUsageCounter);

function isUsageCounter(name: string): name is UsageCounter {
  return name in noUsageCounts;
}

/** Where a failure is counted, by who is to blame; a wrong setting is our fault once the server runs. */
export const failureCounters = {
  request: 'failedByRequest',
  auth: 'failedByAuth',
  limit: 'failedByLimit',
  unavailable: 'failedByUnavailable',
  engine: 'failedByEngine',
  output: 'failedByOutput',
  bug: 'failedByBug',
  config: 'failedByBug',
} as const satisfies Record<ErrorKind, UsageCounter>;

/** Whose use it is. */
export interface UsageOwner {
  /** A key's id, or one of `keyless`. */
  readonly keyId: string;
  /** '' = nobody's: a program of this machine, a key of the command line. */
  readonly userId: string;
  /** The name of the deployment that answered; '' = none did. */
  readonly model: string;
}

/** What stands for a key where there is none. */
export const keyless = {
  /** Somebody who is signed in. */
  session: '',
  /** A key given by --api-key. */
  flag: 'flag',
  /** A program of this machine that showed no key. */
  local: 'local',
  /** All that came when there was no more room in memory to tell them apart. */
  rest: 'other',
} as const;

/** What is timed: waiting for a place, the first event of the model, the whole answer. */
export const usageMeasures = ['queue', 'firstToken', 'total'] as const;

/** One of them. */
export type UsageMeasure = (typeof usageMeasures)[number];

/** How often times fell into buckets: counts by `bucketOf`. */
export type TimeCounts = ReadonlyMap<number, number>;

/** Steps between one time and its double: a time is known to a fifth. */
const stepsPerDouble = 2;
/** Just over an hour. */
const lastBucket = 44;

/** The bucket of a time: bucket `b` ends at `2^(b/2)` milliseconds, the last one never. */
export function bucketOf(timeMs: number): number {
  if (!(timeMs > 1)) return 0;
  return Math.min(lastBucket, Math.ceil(stepsPerDouble * Math.log2(timeMs)));
}

/** Where a bucket ends, in milliseconds. */
function endOf(bucket: number): number {
  return 2 ** (bucket / stepsPerDouble);
}

/** The time that this share of all were quicker than, in milliseconds; undefined = nothing was timed. */
export function quantileMs(counts: TimeCounts, share: number): number | undefined {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let left = share * total;
  const buckets = [...counts].sort(([one], [other]) => one - other);
  for (const [bucket, count] of buckets) {
    if (left <= count) return Math.round(between(bucket, left / count));
    left -= count;
  }
  return Math.round(endOf(buckets.at(-1)?.[0] ?? 0));
}

/** A place within a bucket; in the first one times are spread evenly, in the others by their logarithm. */
function between(bucket: number, share: number): number {
  if (bucket === 0) return share;
  return endOf(bucket - 1 + share);
}

/** An hour, and what older hours are gathered into, in seconds. */
export const hourSeconds = 3_600;
/** A day, by UTC. */
export const daySeconds = 86_400;

/** What is added to one row: the use of one owner in one hour. */
export interface UsageAddition extends UsageOwner {
  /** Unix seconds at which the hour began. */
  readonly startAt: number;
  readonly counts: UsageCounts;
  readonly times: Readonly<Record<UsageMeasure, TimeCounts>>;
}
