/** Sums of use as the API shows them: as JSON, and as lines of a table. */

import { Type } from 'typebox';
import { keyless, quantileMs, type TimeCounts, type UsageCounts, usageMeasures } from '../../fleet/usage.ts';
import type { OwnerNames } from '../../store/usage-names.ts';
import type { UsageGroup, UsageQuery, UsageSum } from '../../store/usage-sums.ts';
import { type Cell, csvOf } from './csv.ts';

const count = Type.Integer({ minimum: 0 });
const optionalCount = Type.Optional(count);
const named = Type.Optional(Type.Object({ id: Type.String(), name: Type.String() }));
/** Half of all were quicker than `p50Ms`, 19 of 20 than `p95Ms`; both are right to a fifth. */
const times = Type.Object({ count, p50Ms: optionalCount, p95Ms: optionalCount });

/** One sum; `startAt`, `key`, `user` and `model` are there where sums are told apart by them. */
export const usageSchema = Type.Object(
  {
    startAt: Type.Optional(Type.Integer()),
    key: named,
    user: named,
    model: Type.Optional(Type.String()),
    requests: count,
    /** By who is to blame. */
    failures: Type.Object({
      request: count,
      auth: count,
      limit: count,
      unavailable: count,
      engine: count,
      output: count,
      bug: count,
    }),
    /** The client left before the answer was out; its tokens are estimated. */
    abandoned: count,
    tokens: Type.Object({ prompt: count, completion: count, cached: count }),
    calls: Type.Object({ made: count, valid: count, mended: count, cut: count, failed: count }),
    times: Type.Object({ queue: times, firstToken: times, total: times }),
  },
  { title: 'Usage' },
);

/** What is known by name where there is no key. */
const keylessNames: Readonly<Record<string, string>> = {
  [keyless.session]: 'signed in',
  [keyless.flag]: 'key of the command line',
  [keyless.local]: 'without a key',
  [keyless.rest]: 'not told apart',
};

/** What was asked, and the names of those it is about. */
export interface UsageManner {
  readonly query: Pick<UsageQuery, 'interval' | 'groups'>;
  readonly names: OwnerNames;
}

/** As JSON. */
export function encodeUsage(sum: UsageSum, { query, names }: UsageManner) {
  const { startAt, keyId, userId, model, counts } = sum;
  const has = (group: UsageGroup): boolean => query.groups.includes(group);
  return {
    ...(query.interval !== 'total' && { startAt }),
    ...(has('key') && { key: { id: keyId, name: names.keys.get(keyId) ?? keylessNames[keyId] ?? '' } }),
    ...(has('user') && { user: { id: userId, name: names.users.get(userId) ?? '' } }),
    ...(has('model') && { model }),
    ...countsOf(counts),
    times: Object.fromEntries(usageMeasures.map((measure) => [measure, timesOf(sum.times[measure])])),
  };
}

function countsOf(counts: UsageCounts) {
  const { callsValid: valid, callsMended: mended, callsCut: cut, callsFailed: failed } = counts;
  return {
    requests: counts.requests,
    failures: {
      request: counts.failedByRequest,
      auth: counts.failedByAuth,
      limit: counts.failedByLimit,
      unavailable: counts.failedByUnavailable,
      engine: counts.failedByEngine,
      output: counts.failedByOutput,
      bug: counts.failedByBug,
    },
    abandoned: counts.abandoned,
    tokens: { prompt: counts.promptTokens, completion: counts.completionTokens, cached: counts.cachedTokens },
    calls: { made: valid + mended + cut + failed, valid, mended, cut, failed },
  };
}

function timesOf(buckets: TimeCounts) {
  const total = [...buckets.values()].reduce((sum, each) => sum + each, 0);
  return { count: total, p50Ms: quantileMs(buckets, 0.5), p95Ms: quantileMs(buckets, 0.95) };
}

/** As a table: a column for each number, and for what sums are told apart by. */
export function usageCsv(sums: readonly UsageSum[], manner: UsageManner): string {
  const { interval, groups } = manner.query;
  const places: ReadonlyArray<readonly [title: string, isThere: boolean, cell: (sum: UsageSum) => Cell]> = [
    ['start', interval !== 'total', ({ startAt }) => new Date(startAt * 1_000).toISOString()],
    ['key_id', groups.includes('key'), ({ keyId }) => keyId],
    ['key', groups.includes('key'), (sum) => encodeUsage(sum, manner).key?.name],
    ['user_id', groups.includes('user'), ({ userId }) => userId],
    ['user', groups.includes('user'), (sum) => encodeUsage(sum, manner).user?.name],
    ['model', groups.includes('model'), ({ model }) => model],
  ];
  const shown = places.filter(([, isThere]) => isThere);
  const titles = [...shown.map(([title]) => title), ...numberTitles];
  return csvOf([titles, ...sums.map((sum) => [...shown.map(([, , cell]) => cell(sum)), ...numbersOf(sum)])]);
}

const numberTitles: readonly string[] = [
  ...['requests', 'failed_by_request', 'failed_by_auth', 'failed_by_limit', 'failed_by_unavailable'],
  ...['failed_by_engine', 'failed_by_output', 'failed_by_bug', 'abandoned'],
  ...['prompt_tokens', 'completion_tokens', 'cached_tokens'],
  ...['calls_made', 'calls_valid', 'calls_mended', 'calls_cut', 'calls_failed'],
  ...['queue_p50_ms', 'queue_p95_ms', 'first_token_p50_ms', 'first_token_p95_ms', 'total_p50_ms', 'total_p95_ms'],
];

function numbersOf(sum: UsageSum): readonly Cell[] {
  const { requests, failures, abandoned, tokens, calls } = countsOf(sum.counts);
  const parts = [failures, { abandoned }, tokens, calls].flatMap((part) => Object.values(part));
  const quantiles = usageMeasures.flatMap((measure) => {
    const { p50Ms, p95Ms } = timesOf(sum.times[measure]);
    return [p50Ms, p95Ms];
  });
  return [requests, ...parts, ...quantiles];
}
