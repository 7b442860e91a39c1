/** `/usage`: what was asked, and how it went, by time, key, user and model. */

import type { IncomingHttpHeaders } from 'node:http';
import { Type } from 'typebox';
import { AuthError, RequestError } from '../../../base/errors.ts';
import { personOf } from '../../../fleet/permissions.ts';
import { daySeconds } from '../../../fleet/usage.ts';
import { ownerNames } from '../../../store/usage-names.ts';
import { sumUsage, type UsageGroup, type UsageQuery, type UsageSum } from '../../../store/usage-sums.ts';
import { listQuery, pageSchema, sendPaged, toPage } from '../list.ts';
import type { Result } from '../result.ts';
import { type Call, defineRoute, type Route } from '../route.ts';
import { encodeUsage, usageCsv, usageSchema } from '../usage-view.ts';

const time = Type.Integer({ minimum: 0, maximum: 253_402_300_799 });
const { page, perPage } = listQuery([]);
const usualDays = 7;
/** Days by the hour: more are a lot of rows to sum up while others wait. */
const maxHourDays = 31;
/** Lines of a table that is sent at once. */
const maxLines = 20_000;

const read = defineRoute({
  method: 'GET',
  path: '/usage',
  action: 'usage.read-own',
  summary:
    "Sums up requests, failures, tokens, calls and times: one's own, for administrators everybody's; as CSV with `format=csv` or by `Accept: text/csv`.",
  query: {
    from: Type.Optional(time),
    to: Type.Optional(time),
    group: Type.Optional(Type.String({ maxLength: 40, pattern: '^(key|user|model)(,(key|user|model)){0,2}$' })),
    interval: Type.Optional(Type.Enum(['hour', 'day', 'total'])),
    format: Type.Optional(Type.Enum(['json', 'csv'])),
    page,
    perPage,
  },
  reply: pageSchema(usageSchema),
  handler: async ({ query }, call) => {
    const { world, visitor } = call;
    const wanted = readQuery(query, call);
    await world.meter.settle();
    if ((query.format ?? formatOf(visitor.headers)) === 'csv') return table(wanted, call);
    const sums = await sumUsage(world.db, wanted, toPage(query));
    const manner = { query: wanted, names: await ownerNames(world.db, sums.items) };
    return sendPaged<UsageSum>(query, sums, (sum) => encodeUsage(sum, manner));
  },
});

/** All of them. */
export const usageRoutes: readonly Route[] = [read];

interface UsageWords {
  readonly from?: number;
  readonly to?: number;
  readonly group?: string;
  readonly interval?: UsageQuery['interval'];
}

/** The query with its gaps filled: the last week, in one sum. */
function readQuery({ from, to, group, interval = 'total' }: UsageWords, { world, caller, may }: Call): UsageQuery {
  const person = personOf(caller);
  if (person === undefined) throw new AuthError('unauthenticated', 'Nobody is signed in.');
  const now = world.clock.unixSeconds();
  const end = to ?? now + 1;
  const begin = from ?? Math.max(0, end - usualDays * daySeconds);
  if (begin >= end) throw new RequestError('invalid_value', "'from' is not before 'to'.", { param: 'from' });
  if (interval === 'hour' && end - begin > maxHourDays * daySeconds)
    throw new RequestError('invalid_value', `By the hour, ${maxHourDays} days are told at once.`, { param: 'from' });
  const groups = new Set((group ?? '').split(',').filter(isGroup));
  const own = may('usage.read-any') ? {} : { userId: person.id };
  return { from: begin, to: end, now, interval, groups: [...groups], ...own };
}

function isGroup(word: string): word is UsageGroup {
  return word === 'key' || word === 'user' || word === 'model';
}

/** Whoever asks for tables before JSON. */
function formatOf({ accept = '' }: IncomingHttpHeaders): 'json' | 'csv' {
  return /^\s*text\/csv\b/i.test(accept) ? 'csv' : 'json';
}

async function table(query: UsageQuery, { world }: Call): Promise<Result> {
  const { items, total } = await sumUsage(world.db, query, { page: 1, perPage: maxLines });
  if (total > maxLines) {
    const message = `That would be ${total} lines, and at most ${maxLines} are sent at once: ask for a shorter time, or by the day.`;
    throw new RequestError('invalid_value', message, { param: 'from' });
  }
  const text = usageCsv(items, { query, names: await ownerNames(world.db, items) });
  const headers = { 'content-disposition': 'attachment; filename="usage.csv"' };
  return { kind: 'text', type: 'text/csv; charset=utf-8', text, headers };
}
