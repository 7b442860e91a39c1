/** What every database must do with usage, captured requests and clients. */

import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ApiKeyId } from '../fleet/api-key.ts';
import type { Capture, CaptureId } from '../fleet/capture.ts';
import { daySeconds, hourSeconds, noUsageCounts, type UsageAddition } from '../fleet/usage.ts';
import type { UserId } from '../fleet/user.ts';
import { deleteApiKey, insertApiKey } from './api-keys.ts';
import { findCapture, insertCaptures, listCaptures } from './captures.ts';
import { allClients, saveClients } from './client-ledger.ts';
import type { Store } from './database.ts';
import { userOf } from './fixtures/workshop.ts';
import type { Db } from './tables.ts';
import { addUsage, hoursKeptFrom, trimUsage } from './usage.ts';
import { sumUsage, type UsageQuery } from './usage-sums.ts';
import { insertUser } from './users.ts';

/** Midnight of a day. */
const day = 1_000 * daySeconds;
const first = { page: 1, perPage: 100 };
const always = { from: 0, to: 10_000 * daySeconds, now: day, interval: 'total', groups: [] } as const;

const addition = (over: Partial<UsageAddition> & { readonly tokens?: number } = {}): UsageAddition => {
  const { tokens = 10, ...place } = over;
  const counts = { ...noUsageCounts, requests: 1, promptTokens: tokens, callsValid: 2 };
  const times = { queue: new Map(), firstToken: new Map([[7, 1]]), total: new Map([[12, 1]]) };
  return { startAt: day, keyId: 'k1', userId: 'ann', model: 'nano', counts, times, ...place };
};

/** Runs the suite over the databases that `open` makes, each empty. */
export function usageContract(open: () => Promise<Store>): void {
  let db: Db;
  beforeEach(async () => {
    const store = await open();
    db = store.db;
    return () => store.close();
  });

  let batches = 0;
  const add = (...additions: UsageAddition[]) => addUsage(db, { id: `batch ${batches++}`, additions });
  const sums = async (query: Partial<UsageQuery> = {}) => {
    const { items } = await sumUsage(db, { ...always, ...query }, first);
    return items.map(({ counts, times, ...owner }) => ({ ...owner, ...counts, times }));
  };

  describe('sums', () => {
    it('add up what batches brought, by time and owner', async () => {
      expect(await sums()).toEqual([]);
      await add(addition(), addition({ keyId: 'k2', userId: 'bob', tokens: 5 }));
      await add(addition({ tokens: 7 }), addition({ startAt: day + hourSeconds, model: 'other', tokens: 1 }));
      expect(await sums()).toMatchObject([
        { startAt: 0, keyId: '', userId: '', model: '', requests: 4, promptTokens: 23 },
      ]);
      expect(await sums({ groups: ['key'] })).toMatchObject([
        { keyId: 'k1', promptTokens: 18, callsValid: 6 },
        { keyId: 'k2', promptTokens: 5 },
      ]);
      expect(await sums({ groups: ['model'], interval: 'hour' })).toMatchObject([
        { startAt: day, model: 'nano', promptTokens: 22 },
        { startAt: day + hourSeconds, model: 'other', promptTokens: 1 },
      ]);
      expect(await sums({ groups: ['user'], userId: 'bob' as UserId })).toMatchObject([{ userId: 'bob', requests: 1 }]);
      const [total] = await sums();
      expect(total?.times).toEqual({ queue: new Map(), firstToken: new Map([[7, 4]]), total: new Map([[12, 4]]) });
    });

    it('tell a batch once, however often it is written', async () => {
      const batch = { id: 'the same', additions: [addition()] };
      await addUsage(db, batch);
      await addUsage(db, batch);
      expect(await sums()).toMatchObject([{ requests: 1 }]);
    });

    it('hold to the asked time, whole intervals of it, and come in pages', async () => {
      for (let hour = 0; hour < 30; hour++) await add(addition({ startAt: day + hour * hourSeconds }));
      const hours = { interval: 'hour', from: day + 3_700, to: day + 3 * hourSeconds } as const;
      expect((await sums(hours)).map(({ startAt }) => startAt)).toEqual([day + hourSeconds, day + 2 * hourSeconds]);
      expect(await sums({ interval: 'day' })).toMatchObject([
        { startAt: day, requests: 24 },
        { startAt: day + daySeconds, requests: 6 },
      ]);
      const query = { ...always, interval: 'hour', groups: ['model'] } as const;
      const second = await sumUsage(db, query, { page: 2, perPage: 20 });
      expect([second.total, second.items.length, second.items[0]?.startAt]).toEqual([30, 10, day + 20 * hourSeconds]);
      expect(second.items.every(({ times }) => times.total.get(12) === 1)).toBe(true);
    });

    it('take many rows at once', async () => {
      const rows = Array.from({ length: 1_203 }, (_, index) => addition({ keyId: `k${index}` }));
      await add(...rows);
      expect(await sums()).toMatchObject([{ requests: 1_203 }]);
    });
  });

  describe('a long time', () => {
    it('is summed up by days, with the hours at its ends, as if by hours', async () => {
      const hours = Array.from({ length: 100 }, (_, index) => (index * index * 7) % 200);
      await add(...hours.map((hour) => addition({ startAt: day + hour * hourSeconds })));
      const anyHour = fc.nat(210);
      await fc.assert(
        fc.asyncProperty(
          anyHour,
          anyHour,
          fc.constantFrom('total' as const, 'hour' as const),
          async (begin, end, interval) => {
            const [from, to] = [day + begin * hourSeconds, day + end * hourSeconds];
            const told = await sums({ from, to, interval });
            const exact = hours.filter((hour) => hour >= begin && hour < end).length;
            expect(told.reduce((sum, { requests }) => sum + requests, 0)).toBe(exact);
            expect(told.reduce((sum, { times }) => sum + (times.total.get(12) ?? 0), 0)).toBe(exact);
          },
        ),
        { numRuns: 60, seed: 6 },
      );
    });
  });

  describe('old hours', () => {
    const now = day + 200 * daySeconds + 5_000;
    const ago = (days: number) => day + (200 - days) * daySeconds;

    it('are told by their day, before they are forgotten and after, and old days go', async () => {
      await add(...[1, 2].map((hour) => addition({ startAt: ago(100) + hour * hourSeconds })));
      await add(addition({ startAt: ago(90) }), addition({ startAt: ago(91) + 23 * hourSeconds }));
      await add(addition({ startAt: ago(731) }), addition({ startAt: ago(730) }));
      expect(hoursKeptFrom(now)).toBe(ago(90));
      const queries = [
        { now, from: ago(730) },
        { now, from: ago(730), interval: 'hour' },
        { now, from: ago(100) + 3 * hourSeconds, to: ago(91) + 60 },
        { now, from: ago(92), to: now, interval: 'day' },
      ] as const;
      const tell = () => Promise.all(queries.map((query) => sums(query)));
      const before = await tell();
      expect(before.map((told) => told.map(({ startAt, requests }) => [startAt, requests]))).toEqual([
        [[0, 5]],
        [
          [ago(730), 1],
          [ago(100), 2],
          [ago(91), 1],
          [ago(90), 1],
        ],
        [[0, 3]],
        [
          [ago(91), 1],
          [ago(90), 1],
        ],
      ]);
      for (let times = 0; times < 2; times++) {
        await trimUsage(db, now);
        expect(await tell()).toEqual(before);
      }
      const rows = await db.selectFrom('usage').select(['spanSeconds', 'startAt']).orderBy('startAt').execute();
      const kept = [730, 100, 91, 90].map((days) => ({ spanSeconds: daySeconds, startAt: ago(days) }));
      expect(rows).toHaveLength(5);
      expect(rows).toEqual(expect.arrayContaining([...kept, { spanSeconds: hourSeconds, startAt: ago(90) }]));
    });
  });

  describe('captured requests', () => {
    const limits = { maxRequests: 3, maxBytes: 1_000 };
    const captured = (id: string, over: Partial<Capture> = {}) => ({
      capture: {
        ...{ id: id as CaptureId, keyId: 'key_1' as ApiKeyId, atMs: Number(id), model: 'nano', outcome: 'stop' },
        ...{ durationMs: 5, promptTokens: 3, completionTokens: 2, sizeBytes: 10, ...over },
      },
      transcript: `{"text":"ünï ${id}"}`,
    });
    const ids = async () => (await listCaptures(db, 'key_1' as ApiKeyId, first)).items.map(({ id }) => id);
    beforeEach(async () => {
      await insertUser(db, { user: userOf('ann') });
      const facts = { name: 'k', scopes: ['inference' as const], limits: {}, hint: 'abcd', createdAt: 1, revision: 1 };
      const key = { ...facts, id: 'key_1' as ApiKeyId, ownerId: 'ann' as UserId };
      await insertApiKey(db, { key, keyHash: 'h' });
    });

    it('come back as they were, the newest first', async () => {
      await insertCaptures(db, [captured('1'), captured('2')], limits);
      expect(await ids()).toEqual(['2', '1']);
      expect(await findCapture(db, '1' as CaptureId)).toEqual(captured('1'));
      expect(await findCapture(db, '9' as CaptureId)).toBeUndefined();
    });

    it('are as many and as large as may be: the oldest go', async () => {
      await insertCaptures(
        db,
        ['1', '2', '3', '4'].map((id) => captured(id)),
        limits,
      );
      expect(await ids()).toEqual(['4', '3', '2']);
      await insertCaptures(db, [captured('5', { sizeBytes: 985 })], limits);
      expect(await ids()).toEqual(['5', '4']);
    });

    it('are written once, not at all for a key that is gone, and go with their key', async () => {
      const stranger = captured('7', { keyId: 'key_2' as ApiKeyId });
      await insertCaptures(db, [captured('1'), stranger], limits);
      await insertCaptures(db, [captured('1')], limits);
      expect(await ids()).toEqual(['1']);
      expect(await findCapture(db, '7' as CaptureId)).toBeUndefined();
      await deleteApiKey(db, 'key_1' as ApiKeyId);
      expect(await findCapture(db, '1' as CaptureId)).toBeUndefined();
    });
  });

  it('clients are what was written last', async () => {
    const curl = {
      name: 'curl/8.5',
      requests: 1,
      firstSeenAt: 5,
      lastSeenAt: 6,
      deviations: new Map([['functions', 2]]),
    };
    await saveClients(db, [curl, { ...curl, name: 'node' }], []);
    await saveClients(db, [{ ...curl, requests: 2, lastSeenAt: 9 }], ['node']);
    expect(await allClients(db)).toEqual([{ ...curl, requests: 2, lastSeenAt: 9 }]);
  });
}
